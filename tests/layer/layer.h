// VK_LAYER_TUFF_test: a Vulkan layer that makes any driver weaker, lets it fail, pretends an extension, and counts what
// is asked of it.
//
// Use it by the loader's variables, before vkCreateInstance:
//   VK_ADD_LAYER_PATH=build/tests/layer  VK_INSTANCE_LAYERS=VK_LAYER_TUFF_test  TUFF_TEST_LAYER="WORD WORD..."
// Words (read when an instance is made; an unknown one makes vkCreateInstance fail, with a line on stderr):
//   maxComputeSharedMemorySize=16384   lowers a limit, by Vulkan's name; see kLimits in weaken.cpp for the list.
//                                      Of maxComputeWorkGroupSize and maxComputeWorkGroupCount each dimension.
//   heapSize=BYTES                     lowers every memory heap
//   subgroupSize=N                     reports any value, as a faulty driver may (0)
//   -shaderFloat16                     hides a feature, by Vulkan's name; a device that enables it is refused
//   -VK_KHR_name                       hides a device extension, likewise
//   -timestamps                        no queue family has valid timestamp bits
//   lose_at_submit=N                   a device's N-th vkQueueSubmit or vkQueueSubmit2 (from 1) answers
//                                      VK_ERROR_DEVICE_LOST, as every submission and wait after it
//   hang_at_submit=N                   the N-th is accepted and never runs; the waits after it report the loss
//   out_of_memory_at_allocation=N      a device's N-th vkAllocateMemory fails
//   memory_budget=BYTES                allocations of a device beyond the sum fail; VK_EXT_memory_budget reports it
//   pipeline_statistics                the driver has VK_KHR_pipeline_executable_properties and tells of each pipeline
//                                      made to be asked: 48 registers, -3 spills, occupancy 0.75, scratch true
//   counts=FILE                        the counts below, as one line of JSON, whenever a device is destroyed
// Any number of instances and devices, from any threads.
#pragma once

#include <cstdint>

// Of all devices of the process since the layer was loaded. Steady state: equal before and after a step, but for
// submissions.
struct TuffTestLayerCounts {
  std::uint64_t devices;
  std::uint64_t pipelines;        // compute pipelines created
  std::uint64_t command_buffers;  // vkBeginCommandBuffer
  std::uint64_t allocations;      // vkAllocateMemory, successful
  std::uint64_t submissions;      // vkQueueSubmit and vkQueueSubmit2 calls
  std::uint64_t bytes;            // allocated now
  std::uint64_t peak_bytes;
};

// Exported by the layer's library; tests/support/test_layer.h finds it.
extern "C" void tuff_test_layer_counts(TuffTestLayerCounts* counts);
