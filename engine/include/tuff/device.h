// Devices: listing them, opening one, or adopting the caller's Vulkan objects.
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "vulkan/device.h"
