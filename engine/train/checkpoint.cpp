#include "train/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace tuff {
namespace {

constexpr std::string_view kOptimizer = "optimizer.";

std::string moment_name(const std::string& arena, const std::string& variable) {
  return fmt::format("{}{}.{}", kOptimizer, arena, variable);
}

// Arenas that a run needs to go on: not the gradients, which each step computes anew.
bool is_moment(const std::string& arena) {
  return arena != "parameters" && arena != "buffers" && arena != "gradients";
}

bool is_of_training(const Variable& variable) {
  return variable.name == kLossScaleBuffer || variable.name == kLossScaleCountsBuffer ||
         variable.name.starts_with(kDiscriminatorPrefix);
}

SafeTensors describe_model(const TrainOptions& options, const DataFormat& format) {
  SafeTensors file;
  file.metadata["format"] = "pt";
  file.metadata["tuff.version"] = "1";
  file.metadata["tuff.options"] = to_json(options, true);
  file.metadata["tuff.data"] = to_json(format);
  return file;
}

SafeTensors describe_model(const TrainOptions& options, const DataFormat& format, const ParameterSnapshot& snapshot) {
  SafeTensors file = describe_model(options, format);
  for (const Variable& variable : snapshot.store().variables())
    if (!is_of_training(variable))
      file.tensors.push_back(StoredTensor::from_tensor(variable.name, snapshot.read(variable)));
  return file;
}

std::string state_to_json(const TrainingState& state) {
  nlohmann::ordered_json json = {{"step", state.step}, {"loss_sum", state.loss_sum}, {"loss_count", state.loss_count}};
  if (state.best_score) json["best_score"] = *state.best_score;
  json["best_step"] = state.best_step;
  if (state.plateau.best)
    json["plateau"] = {
        {"best", *state.plateau.best}, {"stale", state.plateau.stale}, {"reductions", state.plateau.reductions}};
  json["dataset"] = state.dataset;
  json["device"] = state.device;
  json["kernels"] = state.kernels;
  return json.dump();
}

TrainingState state_from_json(const std::string& text, const std::string& source) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  TrainingState state;
  try {
    json.at("step").get_to(state.step);
    json.at("loss_sum").get_to(state.loss_sum);
    json.at("loss_count").get_to(state.loss_count);
    if (json.contains("best_score")) state.best_score = json.at("best_score").get<double>();
    json.at("best_step").get_to(state.best_step);
    if (json.contains("plateau")) {
      const nlohmann::json& plateau = json.at("plateau");
      state.plateau = {plateau.at("best").get<double>(), plateau.at("stale").get<std::int64_t>(),
                       plateau.at("reductions").get<std::int64_t>()};
    }
    json.at("dataset").get_to(state.dataset);
    if (json.contains("kernels")) {  // not in files of older versions
      json.at("device").get_to(state.device);
      for (const auto& [operation, kernel] : json.at("kernels").items())
        state.kernels.emplace(operation, kernel.get<std::string>());
    }
  } catch (const nlohmann::json::exception&) {
    throw Error(fmt::format("{}: its training state can't be read; train anew with another --out", source));
  }
  return state;
}

HostTensor read_shaped(const Model& model, const std::string& name, const Shape& shape) {
  const StoredTensor* stored = model.file.find(name);
  if (stored == nullptr)
    throw Error(fmt::format("{}: the model has no tensor \"{}\"; its configuration and weights don't belong together",
                            model.path.string(), name));
  if (stored->shape != shape.extents())
    throw Error(fmt::format("{}: tensor \"{}\" has shape {}, its configuration asks for {}", model.path.string(), name,
                            fmt::join(stored->shape, "x"), to_string(shape)));
  return stored->tensor();
}

}  // namespace

ParameterSnapshot take_snapshot(const ParameterStore& store) {
  std::vector<std::string> arenas = store.arenas();
  std::erase(arenas, "gradients");
  return ParameterSnapshot(store, arenas);
}

void save_model(const std::filesystem::path& path, const TrainOptions& options, const DataFormat& format,
                const ParameterSnapshot& snapshot) {
  write_safetensors(path, describe_model(options, format, snapshot));
}

void save_model(const std::filesystem::path& path, const TrainOptions& options, const DataFormat& format,
                const Model& source, std::span<const Variable> variables) {
  SafeTensors file = describe_model(options, format);
  for (const Variable& variable : variables)
    file.tensors.push_back(StoredTensor::from_tensor(variable.name, averaged_values(source, variable)));
  write_safetensors(path, file);
}

void save_checkpoint(const std::filesystem::path& path, const TrainOptions& options, const DataFormat& format,
                     const ParameterSnapshot& snapshot, const TrainingState& state) {
  const ParameterStore& store = snapshot.store();
  SafeTensors file = describe_model(options, format, snapshot);
  file.metadata["tuff.state"] = state_to_json(state);
  for (const Variable& variable : store.variables())
    if (is_of_training(variable))
      file.tensors.push_back(StoredTensor::from_tensor(variable.name, snapshot.read(variable)));
  for (const std::string& arena : store.arenas()) {
    if (!is_moment(arena)) continue;
    for (const Variable& variable : store.variables())
      if (variable.arena == "parameters")
        file.tensors.push_back(
            StoredTensor::from_tensor(moment_name(arena, variable.name), snapshot.read(variable, arena)));
  }
  write_safetensors(path, file);
}

Model load_model_file(const std::filesystem::path& file) {
  Model model;
  model.path = file;
  model.file = read_safetensors(file);
  const auto options = model.file.metadata.find("tuff.options");
  const auto format = model.file.metadata.find("tuff.data");
  if (options == model.file.metadata.end() || format == model.file.metadata.end())
    throw Error(
        fmt::format("{}: holds no configuration of a model; give a model that `tuff train` wrote", file.string()));
  model.options = options_from_json(options->second, file.string());
  model.format = data_format_from_json(format->second);
  const auto state = model.file.metadata.find("tuff.state");
  if (state != model.file.metadata.end()) model.state = state_from_json(state->second, file.string());
  return model;
}

Model load_model(const std::filesystem::path& run_or_file) {
  std::error_code ignored;
  if (!std::filesystem::exists(run_or_file, ignored))
    throw Error(fmt::format("{}: no such run or model file", run_or_file.string()));
  if (!std::filesystem::is_directory(run_or_file, ignored)) return load_model_file(run_or_file);
  for (const char* name : {kBestModel, kLastModel})
    if (std::filesystem::exists(run_or_file / name, ignored)) return load_model_file(run_or_file / name);
  throw Error(fmt::format("{}: holds neither {} nor {}; give a folder that `tuff train --out` wrote, or a model file",
                          run_or_file.string(), kBestModel, kLastModel));
}

void restore_parameters(const Model& model, ParameterStore& store) {
  for (const Variable& variable : store.variables())
    store.write(variable.name, read_shaped(model, variable.name, variable.type.shape));
}

HostTensor averaged_values(const Model& model, const Variable& variable) {
  if (is_of_training(variable) && model.file.find(variable.name) == nullptr) {
    HostTensor values(variable.type.shape);
    std::ranges::fill(values.floats(), variable.initializer.value);
    return values;
  }
  const std::string average = moment_name(kAverageArena, variable.name);
  const bool averaged = variable.arena == "parameters" && model.file.find(average) != nullptr;
  return read_shaped(model, averaged ? average : variable.name, variable.type.shape);
}

void restore_averaged(const Model& model, ParameterStore& store) {
  for (const Variable& variable : store.variables()) store.write(variable.name, averaged_values(model, variable));
}

std::vector<std::string> restore_matching(const Model& model, ParameterStore& store) {
  std::vector<std::string> others;
  for (const Variable& variable : store.variables()) {
    if (variable.name == kLossScaleBuffer || variable.name == kLossScaleCountsBuffer) continue;
    const StoredTensor* stored = model.file.find(variable.name);
    if (stored != nullptr && stored->shape == variable.type.shape.extents())
      store.write(variable.name, averaged_values(model, variable));
    else
      others.push_back(variable.name);
  }
  if (others.size() == store.variables().size())
    throw Error(fmt::format("--init {}: has no weights of this network's names and shapes", model.path.string()));
  return others;
}

void restore_optimizer(const Model& model, ParameterStore& store) {
  for (const StoredTensor& tensor : model.file.tensors) {
    if (!tensor.name.starts_with(kOptimizer)) continue;
    for (const Variable& variable : store.variables()) {
      if (variable.arena != "parameters" || !tensor.name.ends_with("." + variable.name)) continue;
      const std::size_t length = tensor.name.size() - kOptimizer.size() - variable.name.size() - 1;
      const std::string arena = tensor.name.substr(kOptimizer.size(), length);
      if (moment_name(arena, variable.name) != tensor.name || !is_moment(arena)) continue;
      store.write(variable.name, read_shaped(model, tensor.name, variable.type.shape), arena);
      break;
    }
  }
}

}  // namespace tuff
