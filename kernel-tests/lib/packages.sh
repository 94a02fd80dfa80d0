# shellcheck shell=bash
# The distribution's packages: looked up, downloaded, checked and unpacked; never installed. Also
# sourced by jdk-tests/run.
#
# The file $conf (kernels.conf, jdks.conf) holds stanzas, here one per kernel and one per guest
# userland:
#
#   [6.1-x86_64]                      the name, which ends in -ARCH
#   suites  = bookworm-security       where to look; the newest package of them all wins
#   package = linux-image-6\.1\.…     an extended regular expression for the whole package name
#   lock    = NAME VERSION SHA256     what was used last, written by --update-lock
#
# A locked package is used as long as it is in the cache or still served; after that the newest
# package that fits the pattern is, and the run says so.

conf_stanzas() { sed -n 's/^\[\(.*\)\]$/\1/p' "$conf"; }

conf_get() { # STANZA KEY: every value of that key, one a line
  awk -v stanza="[$1]" -v key="$2" '
    /^\[/ { inside = ($0 == stanza) }
    inside && $1 == key && $2 == "=" { sub(/^[^=]*=[ \t]*/, ""); print }' "$conf"
}

conf_set_locks() { # STANZA: replaces its lock lines by those on standard input
  local locks
  locks=$(sed 's/^/lock    = /')
  awk -v stanza="[$1]" -v locks="$locks" '
    function flush() { if (inside && !done) { print locks; done = 1 } }
    /^\[/ { flush(); inside = ($0 == stanza) }
    inside && /^[ \t]*$/ { flush() }
    inside && $1 == "lock" { next }
    { print }
    END { flush() }' "$conf" > "$work/new.conf"
  cat "$work/new.conf" > "$conf"
}

# A private apt: own sources, lists and cache, the machine's own archive addresses and keys.
apt_setup() {
  local apt=$cache/apt uris main security suite suites uri
  [[ -n ${apt_ready:-} ]] && return
  suites=$(conf_stanzas | while read -r stanza; do conf_get "$stanza" suites; done |
    tr ' ' '\n' | sort -u)
  # Where this machine gets its own packages from: "address|label" a line.
  # shellcheck disable=SC2016  # apt's own placeholders
  uris=$(apt-get indextargets --format '$(REPO_URI)|$(LABEL)|$(CODENAME)' 'Created-By: Packages' \
    'Component: main' | sort -u)
  if ! grep -q '|Debian|' <<< "$uris" && [[ $(id -u) == 0 ]]; then
    apt-get update -qq || true # the labels are known only after an update
    # shellcheck disable=SC2016
    uris=$(apt-get indextargets --format '$(REPO_URI)|$(LABEL)|$(CODENAME)' 'Created-By: Packages' \
      'Component: main' | sort -u)
  fi
  main=$(sed -n 's/|Debian|.*//p' <<< "$uris" | head -n 1)
  security=$(sed -n 's/|Debian-Security|.*//p' <<< "$uris" | head -n 1)
  [[ -n $main ]] || die "no Debian archive in this machine's apt configuration; the packages come from there"
  : "${security:=${main%/}-security/}"

  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  : > "$apt/status"
  for suite in $suites; do
    case $suite in *-security) uri=$security ;; *) uri=$main ;; esac
    printf 'deb [signed-by=%s] %s %s main\n' "$(apt_keyring)" "$uri" "$suite"
  done > "$apt/sources.list.new"
  cat > "$apt/apt.conf" << EOF
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
APT::Architecture "$(dpkg --print-architecture)";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "root";
APT::Update::Post-Invoke-Success "";
Acquire::Languages "none";
Acquire::Retries "2";
EOF
  if ! cmp -s "$apt/sources.list.new" "$apt/sources.list" ||
    [[ -n $update_lock || -z $(find "$apt/updated" -mmin -1440 2> /dev/null) ]]; then
    mv "$apt/sources.list.new" "$apt/sources.list"
    apt_update
  fi
  # shellcheck disable=SC2016  # apt's own placeholders
  apt_private apt-get indextargets --format '$(RELEASE)|$(ARCHITECTURE)|$(FILENAME)' \
    'Created-By: Packages' > "$apt/indexes"
  apt_ready=yes
}

# The machine's own settings come after APT_CONFIG and may switch apt's caches off, which costs seconds
# a call: what stands on the command line comes last.
apt_private() {
  APT_CONFIG=$cache/apt/apt.conf "$1" -o Dir::Cache::pkgcache=pkgcache.bin \
    -o Dir::Cache::srcpkgcache=srcpkgcache.bin "${@:2}"
}

apt_keyring() {
  local ring=/usr/share/keyrings/debian-archive-keyring.gpg
  [[ -r $ring ]] || die "missing $ring (package debian-archive-keyring)"
  echo "$ring"
}

apt_update() {
  local apt=$cache/apt
  note "reading the archive's package lists"
  if apt_private apt-get update > "$apt/update.log" 2>&1 &&
    ! grep -q '^[WE]:' "$apt/update.log"; then
    touch "$apt/updated"
  else
    apt_incomplete=yes
    warn "some package lists could not be read: $(grep '^[WE]:' "$apt/update.log" | head -n 3)"
  fi
}

# Every package of some suites whose name fits PATTERN: "name version sha256" a line, newest first.
apt_candidates() { # DEBIAN-ARCH SUITES PATTERN
  local suite file # indexes: "suite|architecture|file" a line
  for suite in $2; do
    sed -n "s/^$suite|$1|//p" "$cache/apt/indexes"
  done | while read -r file; do
    /usr/lib/apt/apt-helper cat-file "$file" && echo
  done | LC_ALL=C awk '
    $1 == "Package:" { name = $2 }
    $1 == "Version:" { version = $2 }
    $1 == "SHA256:" { print name, version, $2 }' | LC_ALL=C grep -E "^($3) " | sort -u | newest_first
}

# Sorts "name version …" lines as the distribution orders versions.
newest_first() {
  local -a lines=()
  local line version i
  while read -r line; do
    version=$(cut -d" " -f2 <<< "$line")
    for ((i = 0; i < ${#lines[@]}; i++)); do
      dpkg --compare-versions "$version" gt "$(cut -d' ' -f2 <<< "${lines[i]}")" && break
    done
    lines=("${lines[@]:0:i}" "$line" "${lines[@]:i}")
  done
  ((${#lines[@]} == 0)) || printf '%s\n' "${lines[@]}"
}

# Brings every package of a stanza into the cache. Sets fetched=("NAME VERSION SHA256" …), in the
# order of the stanza's package lines. Returns 3 where a package is no
# longer served, 4 where that could not be found out.
fetch_stanza() { # STANZA
  local stanza=$1 pattern lock chosen candidates arch suites how=cached
  arch=$(debian_arch "${stanza##*-}")
  suites=$(conf_get "$stanza" suites)
  fetched=()
  local -a patterns locks
  mapfile -t patterns < <(conf_get "$stanza" package)
  mapfile -t locks < <(conf_get "$stanza" lock)
  ((${#patterns[@]})) || die "${conf##*/}: [$stanza] names no package"

  for pattern in "${patterns[@]}"; do
    lock=$(printf '%s\n' "${locks[@]}" | grep -E "^($pattern) " | head -n 1) || true
    if [[ -z $update_lock && -n $lock ]] && package_cached "$lock"; then
      fetched+=("$lock")
      continue
    fi
    apt_setup
    if [[ -z ${candidates:-} ]]; then
      candidates=$(apt_candidates "$arch" "$suites" "$(IFS='|' && echo "${patterns[*]}")")
    fi
    if [[ -z $update_lock && -n $lock ]] && grep -qxF "$lock" <<< "$candidates"; then
      chosen=$lock
    else
      chosen=$(grep -E "^($pattern) " <<< "$candidates" | head -n 1) || true
      if [[ -z $chosen && -n ${apt_incomplete:-} ]]; then
        warn "$stanza: '$pattern' could not be looked up"
        return 4
      fi
      if [[ -z $chosen ]]; then
        not_served "$stanza" "$pattern" "$arch" "$suites"
        return 3
      fi
      if [[ -n $lock && $chosen != "$lock" ]]; then
        note "$stanza: NEW PACKAGE: ${chosen% *} instead of the locked ${lock% *}$(
          [[ ${chosen% *} != "${lock% *}" ]] || echo ', SAME VERSION BUT ANOTHER CHECKSUM'
        )$([[ -n $update_lock ]] || echo ' (--update-lock records it)')"
      fi
    fi
    if ! package_cached "$chosen"; then
      how=downloaded
      package_download "$chosen" "$arch"
    fi
    fetched+=("$chosen")
  done
  note "$stanza: ${#fetched[@]} package(s) $how: $(
    printf '%s\n' "${fetched[@]}" | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }' | cut -c1-200
  )"
  [[ -z $update_lock ]] || printf '%s\n' "${fetched[@]}" | conf_set_locks "$stanza"
}

package_dir() { echo "$cache/packages/${1##* }"; } # "NAME VERSION SHA256"
package_cached() { cache_has "$(package_dir "$1")"; }
package_file() { find "$(package_dir "$1")" -name '*.deb'; }

package_download() { # "NAME VERSION SHA256" DEBIAN-ARCH
  local name version sum dir=$work/download
  read -r name version sum <<< "$1"
  rm -rf "$dir" && mkdir -p "$dir"
  (cd "$dir" && apt_private apt-get download -qq "$name:$2=$version") \
    > "$work/download.log" 2>&1 || die "downloading $name $version failed: $(tail -n 3 "$work/download.log")"
  if [[ $(sha256sum "$dir"/*.deb | cut -d' ' -f1) != "$sum" ]]; then
    die "$name $version: the downloaded package has another SHA-256 than $sum"
  fi
  cache_seal "$dir" "$(package_dir "$1")"
}
