// The cases of every op by name, for programs that run them all.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/op_case.h"
#include "vulkan/device.h"

namespace tuff::test {

struct OpCases {
  std::string_view op;
  std::vector<OpCase> (*make)();
};

std::span<const OpCases> all_cases();

struct OptimizerCheck {
  std::string_view op;
  std::string name;
  std::function<double(Device&)> error;  // the largest after some steps
  double tolerance;
};

std::vector<OptimizerCheck> optimizer_checks();

}  // namespace tuff::test
