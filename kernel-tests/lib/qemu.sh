# shellcheck shell=bash
# Which qemu runs the guests.
#
# Guests are emulated (tcg), one host thread per virtual CPU. Before 8.1 qemu could translate code
# while another virtual CPU was rewriting it, and then run the stale translation for ever: kernels
# that patch themselves, which is what kprobes and fentry are, die of an int3 out of nowhere. An older
# qemu is therefore replaced by the distribution's backport, unpacked into the cache; where that
# cannot be had, both virtual CPUs share one host thread, which is correct but slower.

qemu_good=8.1

# Per architecture: the directory of the unpacked qemu (empty: the one on the PATH), and whether each
# virtual CPU gets a thread of its own (multi or single).
declare -A qemu_dir=() qemu_threads=()

qemu_choose() { # ARCH
  local program=qemu-system-$1 version dir key lock codename root=$work/qemu-root
  qemu_dir[$1]="" qemu_threads[$1]=multi
  need_tools "$program:$(qemu_package "$1")"
  version=$("$program" --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')
  ! dpkg --compare-versions "$version" ge "$qemu_good" || return 0

  qemu_threads[$1]=single
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  if [[ $codename-backports != "$(conf_get qemu-x86_64 suites)" ]] ||
    [[ $(dpkg --print-architecture) != amd64 ]] || ! fetch_stanza qemu-x86_64; then
    warn "qemu $version is older than $qemu_good: one thread per guest, which is slower"
    return 0
  fi
  key=$(printf '%s\n' "${fetched[@]}" | sha256sum | cut -c1-16)
  dir=$cache/qemu/$key
  if ! cache_has "$dir"; then
    rm -rf "$root" && mkdir -p "$root"
    for lock in "${fetched[@]}"; do dpkg -x "$(package_file "$lock")" "$root"; done
    mkdir -p "$work/qemu-new"
    mv "$root"/usr/bin/qemu-system-{x86_64,aarch64} "$root"/usr/share/{qemu,seabios} "$work/qemu-new"
    cache_seal "$work/qemu-new" "$dir"
  fi
  if ! "$dir/$program" --version > "$work/qemu.log" 2>&1; then
    warn "the newer qemu does not start here ($(head -n 1 "$work/qemu.log")): qemu $version with one thread per guest"
    return 0
  fi
  qemu_dir[$1]=$dir qemu_threads[$1]=multi
}
