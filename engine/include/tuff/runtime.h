// Running: compile a graph for a device, keep its parameters, write inputs, read outputs.
#pragma once

#include "io/safetensors.h"
#include "runtime/compile.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "runtime/tuner.h"
