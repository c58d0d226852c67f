# Packages of Debian's releases unpacked in folders, without installing anything, from the archive that this machine's apt
# uses already, through apt (which checks their signatures), with lists and a cache of their own. Sourced after machine.sh by
# scripts that set `dir` (the folder) and `work` (a scratch folder, to be removed by them). For Debian 12 and 13.

host=$(release VERSION_CODENAME)
mirror=
if [ "$(release ID)" = debian ]; then mirror=$(debian_mirror); fi
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
library=usr/lib/$(uname -m)-linux-gnu

age() { case $1 in bookworm) echo 12 ;; trixie) echo 13 ;; *) echo 0 ;; esac; }

# isolated RELEASE COMMAND...: apt-get that knows one release with its backports and thinks nothing is installed.
isolated() {
  local state=$work/$1
  shift
  apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$state/sources" -o Dir::Cache="$state/cache" \
    -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" -o APT::Sandbox::User=root \
    -o Dir::Etc::preferencesparts=/dev/null -o Debug::NoLocking=1 -o Acquire::Retries=3 -o Acquire::http::Timeout=20 \
    -o APT::Install-Recommends=false "$@"
}

# know RELEASE: fetches its package lists, once.
know() {
  local state=$work/$1
  [ ! -e "$state/status" ] || return 0
  mkdir -p "$state"/{sources,lists/partial,cache/archives/partial}
  printf 'Types: deb\nURIs: %s\nSuites: %s %s-backports\nComponents: main\nSigned-By: %s\n' \
    "$mirror" "$1" "$1" "$keyring" >"$state/sources/archive.sources"
  : >"$state/status"
  isolated "$1" update || { rm -f "$state/status"; return 1; }
}

left_out=(./usr/share ./usr/bin ./usr/sbin ./etc ./var '*/gconv')
unpack() {  # package $1 into folder $2, but for what is left out
  dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink "${left_out[@]/#/--exclude=}"
}

# own_loader NAME: a link "loader" to the C library's program loader among what was unpacked under DIR/NAME.
own_loader() {
  local found
  found=$(cd "$dir/$1" && ls "$library"/ld-linux*.so.* | head -n 1)
  ln -sf "$found" "$dir/$1/loader"
}

# closure NAME RELEASE SUITE PACKAGE...: unpacks packages and all that they depend on under DIR/NAME, C library included.
closure() {
  local name=$1 release=$2 suite=$3 archives=$work/$2/cache/archives deb
  shift 3
  know "$release" || return 1
  rm -f "$archives"/*.deb
  isolated "$release" -t "$suite" -y --download-only install "$@" >/dev/null || return 1
  rm -rf "${dir:?}/$name"
  mkdir -p "$dir/$name/usr/lib" "$dir/$name/usr/lib64"
  ln -s usr/lib "$dir/$name/lib"  # releases differ in which of the two a package's files lie in
  ln -s usr/lib64 "$dir/$name/lib64"
  for deb in "$archives"/*.deb; do unpack "$deb" "$dir/$name" || return 1; done
}

