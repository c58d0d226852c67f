// What `tuff train` does, for commands that train several times.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tuff {

// Options as typed: name, text. The network's name is that of "model".
using GivenOptions = std::vector<std::pair<std::string, std::string>>;

// Those of a network, collected in `given` as they are typed; but for some.
void add_train_options(CLI::App& command, const std::string& network, const std::shared_ptr<GivenOptions>& given,
                       const std::vector<std::string_view>& without = {});

// The whole run, to its end or until it is interrupted (os::interrupted()).
void train_with(const GivenOptions& given);

}  // namespace tuff
