#!/bin/sh
# Installs postern, one file, from a release: downloads it with its checksums, and makes it executable only when they agree.
#
#   POSTERN_BASE_URL=https://downloads.example.org/postern/0.1.0 sh install.sh [--prefix DIR]
#
# POSTERN_BASE_URL is the address of a folder of release files; --base-url says the same. The file goes to DIR/bin,
# ~/.local/bin unless --prefix or POSTERN_PREFIX names another. Nothing else is written, and nothing needs root but a DIR that does.
set -eu

main() {
  base=${POSTERN_BASE_URL:-}
  prefix=${POSTERN_PREFIX:-}
  options "$@"
  [ -n "$base" ] || fail 'there is no address to download from: set POSTERN_BASE_URL, or give --base-url URL'
  [ -n "$prefix" ] || prefix=${HOME:?is not set: give --prefix DIR}/.local
  base=${base%/}
  have uname mkdir mktemp mv rm chmod awk
  name=postern-$(platform)
  folder=$prefix/bin
  mkdir -p "$folder" || fail "cannot make $folder"
  # In the same folder, so that the file appears in one step or not at all.
  scratch=$(mktemp -d "$folder/.postern-install.XXXXXX") || fail "cannot write to $folder"
  trap 'rm -rf "$scratch"' EXIT
  trap 'exit 1' HUP INT TERM
  fetch "$base/SHA256SUMS" "$scratch/SHA256SUMS"
  fetch "$base/$name" "$scratch/$name"
  verify "$scratch" "$name"
  chmod 755 "$scratch/$name"
  "$scratch/$name" version >"$scratch/version" || fail "$name does not run on this machine.$(hint)"
  mv -f "$scratch/$name" "$folder/postern"
  next
}

options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --prefix | --base-url)
        [ -n "${2:-}" ] || fail "$1 needs a value"
        if [ "$1" = --prefix ]; then prefix=$2; else base=$2; fi
        shift 2
        ;;
      --prefix=?*) prefix=${1#*=} && shift ;;
      --base-url=?*) base=${1#*=} && shift ;;
      -h | --help) usage && exit 0 ;;
      *) usage >&2 && fail "there is no option $1" 2 ;;
    esac
  done
}

usage() {
  echo 'usage: POSTERN_BASE_URL=URL sh install.sh [--prefix DIR] [--base-url URL]'
}

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

have() {
  for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is needed and not installed"
  done
}

# linux-x64, linux-arm64-musl, darwin-arm64 and so on: as the release files are called.
platform() {
  case $(uname -m) in
    x86_64 | amd64) processor=x64 ;;
    aarch64 | arm64) processor=arm64 ;;
    *) fail "there is no release for the processor $(uname -m)" ;;
  esac
  case $(uname -s) in
    Linux) echo "linux-$processor$(libc)" ;;
    Darwin) echo "darwin-$processor" ;;
    *) fail "there is no release for $(uname -s) that this script can install" ;;
  esac
}

libc() {
  for loader in /lib/ld-linux-*.so.* /lib64/ld-linux-*.so.*; do
    [ -e "$loader" ] && return
  done
  for loader in /lib/ld-musl-*.so.1; do
    [ -e "$loader" ] && echo -musl && return
  done
  return 0
}

hint() {
  case $name in
    *-musl) echo ' Alpine needs: apk add libstdc++' ;;
  esac
}

fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --retry 3 -o "$2" "$1" || fail "cannot download $1"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -t 3 -O "$2" "$1" || fail "cannot download $1"
  else
    fail 'curl or wget is needed, and neither is installed'
  fi
}

verify() {
  wanted=$(awk -v name="$2" '$2 == name || $2 == "*" name { print $1 }' "$1/SHA256SUMS")
  [ -n "$wanted" ] || fail "SHA256SUMS of $base does not list $2"
  found=$(sha256 "$1/$2") || fail 'sha256sum, shasum or openssl is needed, and none is installed'
  [ "$found" = "$wanted" ] || fail "the checksum of $2 is wrong, nothing is installed: $found, not $wanted"
}

sha256() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum <"$1" | awk '{ print $1 }'
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 <"$1" | awk '{ print $1 }'
  elif command -v openssl >/dev/null 2>&1; then
    openssl dgst -sha256 -r <"$1" | awk '{ print $1 }'
  else
    return 1
  fi
}

next() {
  printf 'Installed postern %s: %s/postern\n' "$(awk 'NR == 1 { print $NF }' "$scratch/version")" "$folder"
  # The shell that reads this line is to expand PATH, not this script.
  # shellcheck disable=SC2016
  case ":$PATH:" in
    *":$folder:"*) ;;
    *) printf 'Your shell does not look there yet:\n  export PATH="%s:$PATH"\n' "$folder" ;;
  esac
  cat <<'END'
Next:
  postern serve                              # the server, and a link to its dashboard
  postern run --session build -- claude      # an agent that can be knocked at
  postern expose --session build             # a URL for whoever knocks
END
}

# At the very end, so that a download of this script that was cut off does nothing.
main "$@"
