# What the scripts ask of the machine they run on. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 1; }

# release FIELD: a field of /etc/os-release (ID, VERSION_ID, VERSION_CODENAME, ID_LIKE), empty where there is none.
release() { (. /etc/os-release 2>/dev/null && eval "printf '%s' \"\${$1:-}\"") || true; }

# Debian's archive as this machine's apt already reaches it, in whatever format its sources are written. apt itself
# is asked, so a mirror chosen by an administrator is kept and none is named here.
debian_mirror() {
  apt-get indextargets --no-release-info --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 'Component: main' 2>/dev/null |
    awk -v codename="$(release VERSION_CODENAME)" '$1 == codename { print $2; exit }'
}

# How many compilers fit: one a core, and 1.5 GB of free memory each.
jobs() {
  local cores memory
  cores=$(nproc 2>/dev/null || echo 1)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo 2>/dev/null)
  memory=${memory:-$cores}
  [ "$memory" -ge 1 ] || memory=1
  echo $((memory < cores ? memory : cores))
}
