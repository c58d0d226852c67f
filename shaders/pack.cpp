// Build tool: NAMES lists shaders, "name file.spv" a line; writes OUT, the table that embedded.cpp includes.
#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace {

// Inflating one shader inflates its block.
constexpr std::size_t kBlockBytes = 256 << 10;

using Bytes = std::vector<unsigned char>;

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "pack_shaders: %s\n", message.c_str());
  std::exit(1);
}

class Table {
 public:
  void add(const std::string& name, const Bytes& code) {
    if (!block_.empty() && block_.size() + code.size() > kBlockBytes) end_block();
    shaders_ << "    {\"" << name << "\", " << blocks_ << ", " << block_.size() << ", " << code.size() / 4 << "},\n";
    block_.insert(block_.end(), code.begin(), code.end());
    hash(reinterpret_cast<const unsigned char*>(name.data()), name.size());
    hash(code.data(), code.size());
  }

  std::string text() {
    end_block();
    return data_.str() + "const Block kBlocks[] = {\n" + list_.str() + "};\n\nconst EmbeddedShader kShaders[] = {\n" +
           shaders_.str() + "};\n\nconst std::uint64_t kHash = " + std::to_string(hash_) + "ull;\n";
  }

 private:
  void end_block() {
    Bytes planes;  // all words' first bytes, then all second ones ...: deflates to two thirds
    for (std::size_t byte = 0; byte < 4; ++byte)
      for (std::size_t i = byte; i < block_.size(); i += 4) planes.push_back(block_[i]);
    Bytes deflated(compressBound(planes.size()));
    uLongf bytes = deflated.size();
    if (compress2(deflated.data(), &bytes, planes.data(), planes.size(), 9) != Z_OK) fail("zlib has no memory");
    data_ << "const unsigned char kBlock" << blocks_ << "[] = {";
    for (uLongf i = 0; i < bytes; ++i) data_ << (i % 24 == 0 ? "\n" : "") << int{deflated[i]} << ',';
    data_ << "};\n";
    list_ << "    {kBlock" << blocks_ << ", " << bytes << ", " << block_.size() << "},\n";
    ++blocks_;
    block_.clear();
  }

  // FNV-1a, 64 bits.
  void hash(const unsigned char* bytes, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) hash_ = (hash_ ^ bytes[i]) * 0x100000001b3ull;
  }

  Bytes block_;
  std::size_t blocks_ = 0;
  std::ostringstream data_, list_, shaders_;
  std::uint64_t hash_ = 0xcbf29ce484222325ull;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("usage: NAMES OUT");
  std::ifstream names(argv[1]);
  std::string name, path;
  Table table;
  while (names >> name && std::getline(names >> std::ws, path)) {
    std::ifstream file(path, std::ios::binary);
    const Bytes code{std::istreambuf_iterator<char>(file), {}};
    if (code.empty() || code.size() % 4 != 0) fail(path + " is no SPIR-V");
    table.add(name, code);
  }
  std::ofstream out(argv[2], std::ios::binary);
  out << table.text();
  if (!out.flush()) fail(std::string("can't write ") + argv[2]);
}
