#include "train/options.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "base/error.h"

using namespace tuff;

namespace {

std::string message_of(auto&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("options: every field has a name of its own, help, and a default that passes its own check") {
  std::set<std::string_view> names;
  const TrainOptions defaults;
  for (const TrainField& field : train_fields()) {
    CAPTURE(std::string(field.name));
    CHECK(names.insert(field.name).second);
    CHECK(!field.help.empty());
    TrainOptions options;
    set_field(options, field.name, field_text(defaults, field));
    CHECK(field_text(options, field) == field_text(defaults, field));
  }
}

TEST_CASE("options: JSON gives back what went in") {
  TrainOptions options;
  options.base = 16;
  options.lr = 3.3e-4;
  options.norm = "group";
  options.foreground = "0";
  options.seed = 123456789012345;
  TrainOptions back;
  apply_json(back, to_json(options), "config.json");
  CHECK(back == options);
  CHECK(to_json(back) == to_json(options));
}

TEST_CASE("options: what concerns one call is not kept") {
  TrainOptions options;
  options.out = "run";
  options.resume = true;
  TrainOptions back;
  apply_json(back, to_json(options), "config.json");
  CHECK(back.out.empty());
  CHECK(!back.resume);
}

TEST_CASE("options: a model's configuration doesn't tell where the data lay") {
  TrainOptions options;
  options.images = "/somewhere/images";
  CHECK(to_json(options).find("/somewhere/images") != std::string::npos);
  CHECK(to_json(options, true).find("/somewhere") == std::string::npos);
  CHECK(to_json(options, true).find("\"base\"") != std::string::npos);
}

TEST_CASE("options: wrong values are named with what is allowed") {
  TrainOptions options;
  CHECK(message_of([&] { set_field(options, "base", "many"); }) == "--base: \"many\" is not a whole number");
  CHECK(message_of([&] { set_field(options, "base", "12x"); }) == "--base: \"12x\" is not a whole number");
  CHECK(message_of([&] { set_field(options, "depth", "9"); }).find("1 to 8") != std::string::npos);
  CHECK(message_of([&] { set_field(options, "lr", "nan"); }).find("out of range") != std::string::npos);
  CHECK(message_of([&] { set_field(options, "norm", "layer"); }) ==
        "--norm: \"layer\" is none of batch, group, instance, none");
  CHECK(message_of([&] { set_field(options, "dtype", "bf16"); }) == "--dtype: \"bf16\" is none of f32, f16");
  CHECK(message_of([&] { set_field(options, "nonsense", "1"); }) == "there is no option --nonsense");
  CHECK(options == TrainOptions{});
}

TEST_CASE("options: a config file with a misspelt key names the file and the nearest key") {
  TrainOptions options;
  CHECK(message_of([&] { apply_json(options, R"({"bass": 3})", "my.json"); }) ==
        "my.json: unknown option \"bass\"; did you mean \"base\"?");
  CHECK(message_of([&] { apply_json(options, "[1]", "my.json"); }).find("my.json") == 0);
  CHECK(message_of([&] { apply_json(options, "{\"base\": [1]}", "my.json"); }).find("\"base\"") != std::string::npos);
}

TEST_CASE("options: those that exclude each other") {
  TrainOptions both;
  both.steps = both.epochs = 3;
  CHECK(message_of([&] { validate(both); }).find("--steps and --epochs") == 0);
  TrainOptions memory;
  memory.memory = "64MB";
  CHECK(message_of([&] { validate(memory); }) == "--memory: \"64MB\" is no amount of memory such as 800M or 2G");
  memory.memory = "64M";
  CHECK(memory_bytes(memory) == 64 << 20);
  CHECK(to_json(memory).find("\"memory\": \"64M\"") != std::string::npos);
  TrainOptions classes;
  classes.classes = 3;
  classes.loss = "bce";
  CHECK(message_of([&] { validate(classes); }).find("--loss bce") == 0);
  classes.loss = "auto";
  validate(classes);
  CHECK(classes.loss == "ce");
  TrainOptions binary;
  validate(binary);
  CHECK(binary.loss == "bce");
}

TEST_CASE("options: what goes with one loss or optimizer alone") {
  const auto message = [](auto&& change) {
    TrainOptions options;
    change(options);
    return message_of([&] { validate(options); });
  };
  CHECK(message([](TrainOptions& o) {
          o.loss = "ce+dice";
        }).find("--loss ce+dice: needs --classes 2 or more; use bce+dice") == 0);
  CHECK(message([](TrainOptions& o) { o.label_smoothing = 0.1; }).find("--label-smoothing: goes with --loss ce") == 0);
  CHECK(message([](TrainOptions& o) { o.nesterov = true; }).find("--nesterov: goes with --optimizer sgd") == 0);
  CHECK(message([](TrainOptions& o) { o.no_decay = "norm,biases"; }) ==
        "--no-decay: \"biases\" is neither norm nor bias");
  CHECK(message([](TrainOptions& o) {
          o.loss = "tversky";
          o.optimizer = "adamw";
          o.no_decay = "bias";
        }) == "no error");
  CHECK(no_decay_groups("norm,bias") == std::vector<std::string>{"norm", "bias"});
}

TEST_CASE("options: a resumed run keeps its model and may change its length") {
  TrainOptions saved;
  saved.base = 16;
  saved.epochs = 3;
  using Given = std::vector<std::pair<std::string, std::string>>;
  CHECK(resumed_options(saved, Given{{"base", "16"}, {"threads", "4"}}).threads == 4);
  const TrainOptions longer = resumed_options(saved, Given{{"steps", "500"}});
  CHECK(longer.steps == 500);
  CHECK(longer.epochs == 0);
  CHECK(message_of([&] {
          resumed_options(saved, Given{{"base", "32"}});
        }).find("--base 32: the run was begun with 16") == 0);
}

TEST_CASE("options: a network's configuration holds its own options") {
  TrainOptions vae = default_options("vae");
  CHECK(vae.batch == 64);
  CHECK(default_options("unet") == TrainOptions{});
  vae.latent = 5;
  vae.images = "digits";
  validate(vae);
  const std::string json = to_json(vae);
  CHECK(json.find("\"latent\": 5") != std::string::npos);
  for (const char* other : {"depth", "masks", "loss", "crop"})
    CHECK(json.find("\"" + std::string(other) + "\"") == std::string::npos);
  CHECK(to_json(TrainOptions{}).find("latent") == std::string::npos);
  TrainOptions back;
  apply_json(back, json, "config.json");
  CHECK(to_json(back) == json);
}

TEST_CASE("options: every option is of some network, and every default one that it takes") {
  for (const TrainField& field : train_fields()) {
    CAPTURE(std::string(field.name));
    bool used = false;
    for (const TrainableModel& model : trainable_models()) used = used || applies(field, model.name);
    CHECK(used);
  }
  for (const TrainableModel& model : trainable_models()) {
    CAPTURE(std::string(model.name));
    TrainOptions options = default_options(model.name);
    if (model.name == "illumination") options.masks = "masks";  // or targets: which, it can't know
    CHECK_NOTHROW(validate(options));
    TrainOptions back;
    apply_json(back, to_json(options), "config.json");
    CHECK(to_json(back) == to_json(options));
  }
}

TEST_CASE("options: networks have none that they don't read") {
  const auto has = [](std::string_view option, std::string_view model) { return applies(*find_field(option), model); };
  for (const char* model : {"unet", "stardist"}) CHECK(has("flat-levels", model));
  CHECK(has("crop-depth", "deepmedic"));
  CHECK(!has("flat-levels", "deepmedic"));
  for (const char* model : {"insilico", "illumination", "denoiser"}) CHECK(has("val-targets", model));
  CHECK(has("targets", "signal-denoiser"));
  CHECK(!has("val-targets", "signal-denoiser"));
  for (const TrainableModel& model : trainable_models()) {
    CAPTURE(std::string(model.name));
    CHECK((!has("val-targets", model.name) || has("val-images", model.name)));
    CHECK((!has("val-masks", model.name) || has("val-images", model.name)));
  }
}

TEST_CASE("options: those that others leave without meaning") {
  TrainOptions lit = default_options("illumination");
  lit.targets = "targets";
  CHECK_NOTHROW(validate(lit));
  lit.label_smoothing = 0.1;
  CHECK(message_of([&] { validate(lit); }) == "--label-smoothing: goes with --masks, not with --targets");
  TrainOptions features = default_options("superres");
  features.content_network = "network.onnx";
  CHECK_NOTHROW(validate(features));
  CHECK_NOTHROW(validate(features));  // with the loss that was filled in
  features.loss = "l1";
  CHECK(message_of([&] { validate(features); }).find("--loss l1: with --content-network") == 0);
}

TEST_CASE("options: rays are as many as the corners of the least shape") {
  TrainOptions stars = default_options("stardist");
  stars.rays = 3;
  CHECK_NOTHROW(validate(stars));
  stars.dims = 3;
  CHECK(message_of([&] { validate(stars); }) == "--rays 3: a shape needs 4 at least");
  stars.dims = 2;
  stars.rays = 2;
  CHECK(message_of([&] { validate(stars); }) == "--rays 2: a shape needs 3 at least");
}

TEST_CASE("options: a network's losses are its own") {
  TrainOptions options = default_options("insilico");
  validate(options);
  CHECK(options.loss == "mse");
  options.loss = "dice";
  CHECK(message_of([&] { validate(options); }).find("--loss dice: insilico learns by mse, l1, huber") == 0);
  options = default_options("unet");
  options.loss = "mse";
  CHECK(message_of([&] { validate(options); }).find("--loss mse: unet learns by bce") == 0);
}

TEST_CASE("options: number lists") {
  CHECK(number_list("0,2,15", "channels") == std::vector<std::int64_t>{0, 2, 15});
  CHECK(number_list("", "channels").empty());
  CHECK(message_of([] { number_list("1,", "channels"); }).find("--channels") == 0);
  CHECK(message_of([] { number_list("-1", "channels"); }).find("--channels") == 0);
  CHECK(message_of([] { number_list("a", "channels"); }).find("--channels") == 0);
}

TEST_CASE("options: the nearest word") {
  const std::vector<std::string> words = {"train", "predict", "evaluate"};
  CHECK(nearest_word("trian", words) == "train");
  CHECK(nearest_word("evaluat", words) == "evaluate");
  CHECK(nearest_word("zzz", words).empty());
}
