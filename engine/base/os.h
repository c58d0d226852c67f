// Everything that asks the operating system: files that are replaced whole, folders, environment,
// dynamic libraries, interrupts, the terminal. A port to another system touches this folder alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tuff::os {

// Writes a file whole or not at all: into a temporary file beside it, fsync, rename, fsync of the
// folder. Error with the path and the system's reason (disk full, no permission); the old file stays.
void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file(const std::filesystem::path& path, std::string_view text);

// The whole file. Error where it can't be opened or read.
std::vector<std::byte> read_file(const std::filesystem::path& path);

// Where caches live: $TUFF_CACHE, else $XDG_CACHE_HOME/tuff, else ~/.cache/tuff. Not created.
std::filesystem::path cache_folder();

std::optional<std::string> environment(const char* name);
std::string system_name();  // "Linux 6.1.0-18-amd64 x86_64"

// A shared library opened at run time; closed with the object.
class Library {
 public:
  // The first of the names that opens; an empty optional where none does, with the system's reasons in `why`.
  static std::optional<Library> open(std::span<const char* const> names, std::string& why);
  Library(Library&& other) noexcept;
  Library& operator=(Library&& other) noexcept;
  ~Library();
  void* symbol(const char* name) const;  // null where absent

 private:
  explicit Library(void* handle) : handle_(handle) {}
  void* handle_ = nullptr;
};

unsigned physical_cores();            // those this process may use, at least 1
std::uint64_t available_memory();     // bytes
std::uint64_t process_peak_memory();  // bytes resident at most so far
double thread_cpu_seconds();          // user + system time of the calling thread so far
double monotonic_seconds();

// Ctrl-C and SIGTERM set a flag instead of ending the process; a second one ends it.
void catch_interrupts();
bool interrupted();

bool stderr_is_terminal();
int terminal_columns();  // 80 where unknown

// GPU render nodes that exist but that this user may not open ("/dev/dri/renderD128"), for the hint on permissions.
std::vector<std::string> unreadable_render_nodes();
// Render nodes there are at all.
std::vector<std::string> render_nodes();

}  // namespace tuff::os
