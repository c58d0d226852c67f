// The tuff command. Whatever goes wrong becomes one line on stderr, "tuff: ...", and exit code 1.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "base/error.h"
#include "train/options.h"

namespace tuff {
namespace {

// The subcommand whose options a command line is about; the program itself where there is none.
const CLI::App& current_command(const CLI::App& app) {
  const std::vector<CLI::App*> used = app.get_subcommands();
  return used.empty() ? app : current_command(*used.front());
}

// "tuff train unet"
std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? "tuff" : full_name(*parent) + " " + command.get_name();
}

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  const std::string nearest = nearest_word(word, known);
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
}

// What to say of words that no option or subcommand took.
std::string describe_extras(const CLI::App& app) {
  const CLI::App& command = current_command(app);
  const std::vector<std::string> extras = app.remaining(true);
  const std::string word = extras.empty() ? "" : extras.front().substr(0, extras.front().find('='));
  const std::string help = fmt::format("see `{} --help`", full_name(command));
  std::vector<std::string> known;
  if (word.starts_with("-")) {
    for (const CLI::Option* option : command.get_options())
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    const CLI::App* parent = command.get_parent();
    if (parent != nullptr && parent->get_option_no_throw(word) != nullptr)
      return fmt::format("{} is no option of {} ({})", word, command.get_name(), help);
    return fmt::format("unknown option {}{} ({})", word, suggestion(word, known), help);
  }
  if (command.get_subcommands([](const CLI::App*) { return true; }).empty())
    return fmt::format("unexpected \"{}\" ({})", word, help);
  for (const CLI::App* subcommand : command.get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(subcommand->get_name());
  const char* what = &command == &app ? "command" : "network";
  return fmt::format("unknown {} \"{}\"{} ({})", what, word, suggestion(word, known), help);
}

std::string one_line(std::string text) {
  for (char& character : text)
    if (character == '\n') character = ' ';
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

int fail(const std::string& message) {
  std::fflush(stdout);
  fmt::print(stderr, "tuff: {}\n", one_line(message));
  return 1;
}

int run(int argc, char** argv) {
  CLI::App app("Trains convolutional networks on images and runs them, on any Vulkan device.", "tuff");
  app.set_version_flag("--version", "tuff " TUFF_VERSION);
  app.get_formatter()->column_width(36);
  app.require_subcommand(0, 1);
  add_devices_command(app);
  add_train_command(app);
  add_search_command(app);
  add_predict_command(app);
  add_evaluate_command(app);
  add_detect_command(app);
  add_mask_command(app);
  add_measure_command(app);
  add_match_command(app);
  add_explain_command(app);
  add_profile_command(app);
  add_bench_command(app);
  add_generate_command(app);
  add_reconstruct_command(app);
  add_encode_command(app);
  add_decode_command(app);
  add_interpolate_command(app);
  add_edit_command(app);
  add_traverse_command(app);
  add_patterns_command(app);
  add_rate_command(app);
  add_operators_command(app);
  add_run_command(app);
  add_conformance_command(app);
  add_convert_command(app);
  add_sliding_command(app);
  add_selftest_command(app);
  add_synthesize_command(app);
  add_augment_command(app);
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ExtrasError&) {
    return fail(describe_extras(app));
  } catch (const CLI::ParseError& error) {
    return fail(fmt::format("{} (see `{} --help`)", error.what(), full_name(current_command(app))));
  }
}

}  // namespace
}  // namespace tuff

int main(int argc, char** argv) {
  try {
    return tuff::run(argc, argv);
  } catch (const std::bad_alloc&) {
    return tuff::fail("out of memory; use a smaller --crop, --batch or --tile");
  } catch (const tuff::OutOfMemory& error) {
    const std::string message = error.what();
    const bool has_cure = message.find("--") != std::string::npos;
    return tuff::fail(message + (has_cure ? ""
                                          : "; say with --memory how much may be used, or use a smaller --batch, "
                                            "--crop or --tile"));
  } catch (const std::exception& error) {
    return tuff::fail(error.what());
  }
}
