#include "train/checkpoint.h"

#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/os.h"
#include "support/child.h"
#include "support/test_device.h"
#include "tasks/networks.h"
#include "train/training_graph.h"

using namespace tuff;
using test::test_device;

namespace {

TrainOptions small_unet() {
  TrainOptions options;
  options.base = 4;
  options.depth = 1;
  options.loss = "bce";
  return options;
}

DataFormat grey() {
  DataFormat format;
  format.image_channels = 1;
  return format;
}

std::unique_ptr<ParameterStore> make_store(const TrainOptions& options) {
  return std::make_unique<ParameterStore>(test_device(), *inference_graph(make_network(options, 1), 1, {16, 16}));
}

bool equal(const HostTensor& a, const HostTensor& b) {
  return a.shape == b.shape && a.data == b.data;
}

std::string message_of(auto&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("checkpoint: weights, moments and position come back bit for bit") {
  const auto folder = test::scratch_folder("checkpoint");
  const TrainOptions options = small_unet();
  const auto store = make_store(options);
  store->initialize(3);
  for (const char* arena : {"adam.m", "adam.v"})
    for (const Variable& variable : store->variables())
      if (variable.arena == "parameters") {
        HostTensor values = store->read(variable.name);
        for (float& value : values.floats()) value = value * 0.5f + (arena[5] == 'v' ? 1.0f : 0.25f);
        store->write(variable.name, values, arena);
      }
  const TrainingState state{.step = 17,
                            .loss_sum = 1.0 / 3,
                            .loss_count = 5,
                            .best_score = 0.1,
                            .best_step = 10,
                            .plateau = {.best = -1.0 / 7, .stale = 2, .reductions = 1},
                            .kernels = {{"conv(\"a\"; f32 1x1) -> f32 1x1", "winograd"}, {"pad()", "copy"}},
                            .device = "some device"};
  save_checkpoint(folder / "last.safetensors", options, grey(), take_snapshot(*store), state);

  const Model model = load_model_file(folder / "last.safetensors");
  CHECK(model.state == state);
  CHECK(model.options == options);
  CHECK(model.format == grey());
  const auto restored = make_store(options);
  restore_parameters(model, *restored);
  restore_optimizer(model, *restored);
  for (const Variable& variable : store->variables()) {
    CAPTURE(variable.name);
    CHECK(equal(store->read(variable.name), restored->read(variable.name)));
    if (variable.arena != "parameters") continue;
    CHECK(equal(store->read(variable.name, "adam.m"), restored->read(variable.name, "adam.m")));
    CHECK(equal(store->read(variable.name, "adam.v"), restored->read(variable.name, "adam.v")));
  }
}

TEST_CASE("checkpoint: a model file has PyTorch's layout and no optimizer") {
  const auto folder = test::scratch_folder("checkpoint_model");
  const auto store = make_store(small_unet());
  store->initialize(3);
  save_model(folder / "best.safetensors", small_unet(), grey(), take_snapshot(*store));
  const SafeTensors file = read_safetensors(folder / "best.safetensors");
  CHECK(file.metadata.at("format") == "pt");
  CHECK(file.at("encoder.0.conv2.weight").shape == std::vector<std::int64_t>{4, 4, 3, 3});
  CHECK(file.at("up.0.weight").shape == std::vector<std::int64_t>{8, 4, 2, 2});
  for (const StoredTensor& tensor : file.tensors) CHECK(!tensor.name.starts_with("optimizer."));
  CHECK(!load_model(folder).state);
}

TEST_CASE("checkpoint: a file cut anywhere is refused by name") {
  const auto folder = test::scratch_folder("checkpoint_cut");
  const auto store = make_store(small_unet());
  save_model(folder / "m.safetensors", small_unet(), grey(), take_snapshot(*store));
  const std::string whole = test::file_text(folder / "m.safetensors");
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{4}, std::size_t{8}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
    CAPTURE(size);
    os::write_file(folder / "cut.safetensors", std::string_view(whole).substr(0, size));
    CHECK(message_of([&] { load_model_file(folder / "cut.safetensors"); }).find("cut.safetensors") !=
          std::string::npos);
  }
}

TEST_CASE("checkpoint: weights of another network are refused by name and shape") {
  const auto folder = test::scratch_folder("checkpoint_other");
  const auto store = make_store(small_unet());
  save_model(folder / "m.safetensors", small_unet(), grey(), take_snapshot(*store));
  TrainOptions wider = small_unet();
  wider.base = 8;
  const auto other = make_store(wider);
  CHECK(message_of([&] {
          restore_parameters(load_model_file(folder / "m.safetensors"), *other);
        }).find("encoder.0.conv1") != std::string::npos);
  TrainOptions deeper = small_unet();
  deeper.depth = 2;
  const auto third = make_store(deeper);
  CHECK(message_of([&] {
          restore_parameters(load_model_file(folder / "m.safetensors"), *third);
        }).find("m.safetensors") != std::string::npos);
}
