// The subcommands of tuff, one file each. Each function adds its subcommand, options, help text and what
// runs when it is called; it throws tuff::Error for every fault of the user or the environment.
#pragma once

#include <CLI/CLI.hpp>

namespace tuff {

void add_devices_command(CLI::App& tuff);
void add_train_command(CLI::App& tuff);
void add_search_command(CLI::App& tuff);
void add_predict_command(CLI::App& tuff);
void add_evaluate_command(CLI::App& tuff);
void add_mask_command(CLI::App& tuff);
void add_measure_command(CLI::App& tuff);
void add_match_command(CLI::App& tuff);
void add_explain_command(CLI::App& tuff);
void add_profile_command(CLI::App& tuff);
void add_bench_command(CLI::App& tuff);
void add_generate_command(CLI::App& tuff);
void add_reconstruct_command(CLI::App& tuff);
void add_encode_command(CLI::App& tuff);
void add_decode_command(CLI::App& tuff);
void add_interpolate_command(CLI::App& tuff);
void add_edit_command(CLI::App& tuff);
void add_traverse_command(CLI::App& tuff);
void add_patterns_command(CLI::App& tuff);
void add_rate_command(CLI::App& tuff);
void add_operators_command(CLI::App& tuff);
void add_run_command(CLI::App& tuff);
void add_conformance_command(CLI::App& tuff);
void add_convert_command(CLI::App& tuff);
void add_sliding_command(CLI::App& tuff);
void add_selftest_command(CLI::App& tuff);
void add_synthesize_command(CLI::App& tuff);
void add_mosaic_command(CLI::App& synthesize);
void add_detect_command(CLI::App& tuff);
void add_augment_command(CLI::App& tuff);

}  // namespace tuff
