// Images: files, data sets, batches.
#pragma once

#include "io/dataset.h"
#include "io/image.h"
#include "io/image_set.h"
#include "io/loader.h"
#include "io/tiff.h"
