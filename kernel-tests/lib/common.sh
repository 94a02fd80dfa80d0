# shellcheck shell=bash
# Messages, the cache directory, and the host's own tools. Also sourced by jdk-tests/run.

note() { printf '%s\n' "$*"; }
warn() { printf 'WARNING: %s\n' "$*" >&2; }
die() {
  printf '%s: %s\n' "${here##*/}" "$*" >&2
  exit 2
}

# A signal is heeded by bash only when the command in the foreground has ended, but at once in `wait`.
# cleanup ends the command.
killable=''
run_killable() { # LOG DIRECTORY COMMAND…
  local log=$1 directory=$2 status=0
  shift 2
  (cd "$directory" && exec "$@") > "$log" 2>&1 &
  killable=$!
  wait "$killable" || status=$?
  killable=''
  return "$status"
}

# The names that one architecture has in different places.
debian_arch() {
  case $1 in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) die "unknown architecture '$1' (x86_64 and aarch64 are known)" ;;
  esac
}
qemu_package() {
  case $1 in
    x86_64) echo qemu-system-x86 ;;
    aarch64) echo qemu-system-arm ;;
  esac
}

# Makes sure that each COMMAND:PACKAGE is there; installs what is missing where that is possible.
need_tools() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%:*}" > /dev/null || missing+=("${pair#*:}")
  done
  ((${#missing[@]})) || return 0
  if [[ $(id -u) != 0 ]]; then
    die "missing on this machine, please install: ${missing[*]}"
  fi
  note "installing ${missing[*]}"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    > "$work/apt-install.log" 2>&1 ||
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}"; } \
      > "$work/apt-install.log" 2>&1 ||
    die "apt-get install ${missing[*]} failed: $(tail -n 3 "$work/apt-install.log")"
}

# Everything in the cache is a directory that is written under another name and renamed when it is
# whole, with a file of checksums inside. So a run that was killed leaves nothing that looks whole,
# and a damaged entry is noticed before it is used.
cache_seal() { # DIR-being-built FINAL-DIR
  {
    (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum) > "$work/sums" &&
      mv "$work/sums" "$1/.sums" && rm -rf "$2" && mkdir -p "${2%/*}" && mv "$1" "$2"
  } || die "cannot write $2"
}

cache_has() { # DIR
  [[ -d $1 ]] || return 1
  if [[ -s $1/.sums ]] && (cd "$1" && sha256sum --quiet --strict -c .sums > /dev/null 2>&1); then
    touch "$1"
    return 0
  fi
  warn "cached ${1#"$cache"/} is damaged or incomplete; making it anew"
  rm -rf "$1"
  return 1
}

# Two runs may share a cache: whoever prepares holds the lock, guests run without it.
cache_lock() {
  mkdir -p "$cache"
  exec 9> "$cache/lock"
  if ! flock -n 9; then
    note "another run is preparing its images in $cache; waiting for it"
    flock 9
  fi
}
cache_unlock() { exec 9>&-; }

# What no run has touched for a month (kernels and images of the past) is dropped.
cache_prune() { # SUBDIRECTORY…
  find "${@/#/$cache/}" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} + 2> /dev/null || true
}
