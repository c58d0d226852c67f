#include "base/os.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <limits>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
#if defined(__linux__)
#include <sched.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

#include "base/error.h"

namespace tuff::os {
namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

[[noreturn]] void fail(const char* verb, const std::filesystem::path& path, int error) {
  throw Error(fmt::format("can't {} {}: {}", verb, path.string(), reason(error)));
}

class File {
 public:
  File(const std::filesystem::path& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  explicit operator bool() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  bool close() {
    const int descriptor = std::exchange(descriptor_, -1);
    return descriptor < 0 || ::close(descriptor) == 0;
  }

 private:
  int descriptor_;
};

bool write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

// A pipe, a terminal, /dev/null: nothing that could be replaced whole.
void write_special(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  File file(path, O_WRONLY);
  if (!file || !write_all(file.descriptor(), bytes)) fail("write", path, errno);
}

// Whether the file behind the descriptor still bears this name.
bool is_named(int descriptor, const std::filesystem::path& path) {
  struct stat open_file = {}, named = {};
  return ::fstat(descriptor, &open_file) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

// Fills `temporary` and renames it to `target`. False where another process just took that file: try again.
// One fixed temporary name, so that a killed process leaves one file at most, and the next write takes it over;
// the lock keeps two writers apart (a file system without locks only loses that).
bool write_and_rename(const std::filesystem::path& temporary, const std::filesystem::path& target,
                      std::span<const std::byte> bytes) {
  File file(temporary, O_WRONLY | O_CREAT);
  if (!file) fail("write", target, errno);
  ::flock(file.descriptor(), LOCK_EX);
  if (!is_named(file.descriptor(), temporary)) return false;
  if (::ftruncate(file.descriptor(), 0) == 0 && write_all(file.descriptor(), bytes) &&
      ::fsync(file.descriptor()) == 0 && ::rename(temporary.c_str(), target.c_str()) == 0)
    return true;
  const int error = errno;
  ::unlink(temporary.c_str());
  fail("write", target, error);
}

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The number after `key` in a file of "key: number unit" lines; 0 where absent.
std::uint64_t number_after(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key)) return std::strtoull(line.c_str() + key.size(), nullptr, 10);
  return 0;
}

// CPUs that the control group grants, for containers; a large number without such a limit.
unsigned granted_cpus() {
  constexpr unsigned kUnlimited = std::numeric_limits<unsigned>::max();
  long long quota = 0, period = 0;
  const std::string line = first_line("/sys/fs/cgroup/cpu.max");  // "200000 100000" or "max 100000"
  if (std::sscanf(line.c_str(), "%lld %lld", &quota, &period) != 2) {
    quota = std::atoll(first_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").c_str());
    period = std::atoll(first_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us").c_str());
  }
  if (quota <= 0 || period <= 0) return kUnlimited;
  return std::max(1u, static_cast<unsigned>((quota + period - 1) / period));
}

bool is_render_node(const std::filesystem::path& path) {
  return path.filename().string().starts_with("renderD");
}

volatile std::sig_atomic_t interrupt_flag = 0;  // a signal handler can reach nothing else

extern "C" void note_interrupt(int signal) {
  if (interrupt_flag != 0) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  interrupt_flag = 1;
}

}  // namespace

void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::is_directory(status)) fail("write", path, EISDIR);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) return write_special(path, bytes);
  // Through a link, so that its target is replaced and not the link.
  const auto target = std::filesystem::is_symlink(path, ignored) ? std::filesystem::weakly_canonical(path) : path;
  auto temporary = target;
  temporary += ".tmp";
  while (!write_and_rename(temporary, target, bytes)) continue;
  const auto folder = target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
  if (File handle(folder, O_RDONLY); handle)
    ::fsync(handle.descriptor());  // some file systems refuse; the file is safe
}

void write_file(const std::filesystem::path& path, std::string_view text) {
  write_file(path, std::as_bytes(std::span(text.data(), text.size())));
}

std::vector<std::byte> read_file(const std::filesystem::path& path) {
  File file(path, O_RDONLY);
  if (!file) fail("read", path, errno);
  struct stat status = {};
  if (::fstat(file.descriptor(), &status) != 0) fail("read", path, errno);
  if (S_ISDIR(status.st_mode)) fail("read", path, EISDIR);
  std::vector<std::byte> bytes;
  std::size_t filled = 0;
  bytes.resize(static_cast<std::size_t>(std::max<off_t>(status.st_size, 0)) + 1);  // the last byte finds the end
  while (true) {
    const ssize_t count = ::read(file.descriptor(), bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", path, errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
    if (filled == bytes.size()) bytes.resize(2 * bytes.size());  // pipes tell no size
  }
  bytes.resize(filled);
  return bytes;
}

std::filesystem::path cache_folder() {
  if (const auto folder = environment("TUFF_CACHE"); folder && !folder->empty()) return *folder;
  if (const auto folder = environment("XDG_CACHE_HOME"); folder && !folder->empty())
    return std::filesystem::path(*folder) / "tuff";
  if (const auto home = environment("HOME"); home && !home->empty())
    return std::filesystem::path(*home) / ".cache" / "tuff";
  return std::filesystem::path("/tmp") / fmt::format("tuff-{}", ::getuid());
}

std::string system_name() {
  utsname names{};
  if (uname(&names) != 0) return "unknown";
  return fmt::format("{} {} {}", names.sysname, names.release, names.machine);
}

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

std::optional<Library> Library::open(std::span<const char* const> names, std::string& why) {
  why.clear();
  for (const char* name : names) {
    if (void* handle = ::dlopen(name, RTLD_NOW | RTLD_LOCAL); handle != nullptr) return Library(handle);
    const char* message = ::dlerror();
    if (!why.empty()) why += "; ";
    why += message != nullptr ? message : name;
  }
  return std::nullopt;
}

Library::Library(Library&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

Library& Library::operator=(Library&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

Library::~Library() {
  if (handle_ != nullptr) ::dlclose(handle_);
}

void* Library::symbol(const char* name) const {
  return ::dlsym(handle_, name);
}

unsigned physical_cores() {
  unsigned cores = 0;
#if defined(__linux__)
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    std::set<std::string> distinct;  // hyper-threads of one core have the same list of siblings
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &allowed)) continue;
      const auto siblings =
          first_line(fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu).c_str());
      distinct.insert(siblings.empty() ? fmt::format("cpu {}", cpu) : siblings);
    }
    cores = static_cast<unsigned>(distinct.size());
  }
#elif defined(__APPLE__)
  int count = 0;
  std::size_t size = sizeof count;
  if (::sysctlbyname("hw.physicalcpu", &count, &size, nullptr, 0) == 0 && count > 0)
    cores = static_cast<unsigned>(count);
#endif
  if (cores == 0) cores = std::thread::hardware_concurrency();
  return std::max(1u, std::min(cores, granted_cpus()));
}

std::uint64_t available_memory() {
  std::uint64_t bytes = number_after("/proc/meminfo", "MemAvailable:") * 1024;
  if (bytes == 0) {  // not Linux: half of what is installed
    const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0) bytes = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) / 2;
  }
  const std::uint64_t limit = std::strtoull(first_line("/sys/fs/cgroup/memory.max").c_str(), nullptr, 10);
  const std::uint64_t used = std::strtoull(first_line("/sys/fs/cgroup/memory.current").c_str(), nullptr, 10);
  if (limit > 0) bytes = std::min(bytes, limit - std::min(limit, used));
  return bytes;
}

std::uint64_t process_peak_memory() {
  // Not ru_maxrss first: on Linux that also remembers the process before exec.
  if (const std::uint64_t kibibytes = number_after("/proc/self/status", "VmHWM:"); kibibytes > 0)
    return kibibytes * 1024;
  struct rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
#if defined(__APPLE__)
  return static_cast<std::uint64_t>(usage.ru_maxrss);
#else
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
#endif
}

double thread_cpu_seconds() {
  struct timespec time = {};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double monotonic_seconds() {
  struct timespec time = {};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = note_interrupt;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() {
  return interrupt_flag != 0;
}

bool stderr_is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

int terminal_columns() {
  struct winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

std::vector<std::string> render_nodes() {
  std::vector<std::string> nodes;
  std::error_code none;  // no such folder: no nodes
  for (const auto& entry : std::filesystem::directory_iterator("/dev/dri", none))
    if (is_render_node(entry.path())) nodes.push_back(entry.path().string());
  std::sort(nodes.begin(), nodes.end());
  return nodes;
}

std::vector<std::string> unreadable_render_nodes() {
  std::vector<std::string> nodes = render_nodes();
  std::erase_if(nodes, [](const std::string& node) { return ::access(node.c_str(), R_OK | W_OK) == 0; });
  return nodes;
}

}  // namespace tuff::os
