// Messages of the library. It prints nothing by itself: the program that embeds it passes a LogSink.
#pragma once

#include <functional>
#include <string>

namespace tuff {

enum class LogLevel { debug, info, warning };

// Called from the thread that works; an empty sink drops messages.
using LogSink = std::function<void(LogLevel, const std::string&)>;

}  // namespace tuff
