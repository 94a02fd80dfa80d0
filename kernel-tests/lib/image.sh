# shellcheck shell=bash
# What a guest boots: the kernel's file out of its package, one base image per architecture (small
# userland and a Java runtime) and a thin image with the tests on top. Two concatenated cpio archives
# are one valid initramfs, so the base is built once.

# java.* and jdk.* modules that the agent, JUnit, AssertJ and its Byte Buddy use.
modules=java.base,java.compiler,java.instrument,java.logging,java.management,java.xml
modules+=,jdk.attach,jdk.jcmd,jdk.jfr,jdk.management,jdk.management.jfr,jdk.unsupported,jdk.zipfs

# ---- kernels ------------------------------------------------------------------------------------

# Unpacks the kernel of "NAME VERSION SHA256" (fetched); sets kernel_dir, which holds `image`, what
# qemu starts. The kernel lies in /boot, from 7.1 on in /usr/lib/modules/RELEASE.
kernel_unpack() { # LOCK ARCH
  local root=$work/kernel-root new=$work/kernel-new vmlinuz
  kernel_dir=$cache/kernels/${1##* }
  cache_has "$kernel_dir" && return
  rm -rf "$root" "$new" && mkdir -p "$root" "$new"
  dpkg -x "$(package_file "$1")" "$root"
  vmlinuz=$(find "$root" -name 'vmlinuz*' | head -n 1)
  [[ -n $vmlinuz ]] || die "${1%% *} holds no kernel (vmlinuz)"
  case $2 in
    x86_64) kernel_uncompress_x86_64 "$vmlinuz" "$new/image" || cp "$vmlinuz" "$new/image" ;;
    aarch64) kernel_uncompress_aarch64 "$vmlinuz" "$new/image" ;;
  esac
  cache_seal "$new" "$kernel_dir"
  rm -rf "$root"
}

# An unsigned little-endian number out of a file.
number_at() { # FILE OFFSET BYTES
  od -An -v -t "u$3" -j "$2" -N "$3" --endian=little "$1" | tr -d ' '
}

# Decompresses the bytes OFFSET..OFFSET+LENGTH of a file by the magic number they begin with.
decompress_at() { # FILE OFFSET LENGTH
  local magic filter
  magic=$(od -An -v -t x1 -j "$2" -N 4 "$1" | tr -d ' ')
  case $magic in
    1f8b*) filter='gzip -dc' ;;
    fd377a58) filter='xz -dc --single-stream' ;;
    28b52ffd) filter='zstd -dc' ;;
    02214c18) filter='lz4 -dc' ;;
    425a68*) filter='bzip2 -dc' ;;
    *) return 1 ;;
  esac
  # The payload ends with its unpacked length, which a decompressor takes for trailing garbage.
  tail -c "+$(($2 + 1))" "$1" | head -c "$3" | $filter 2> /dev/null || true
}

# The uncompressed vmlinux saves the guest seconds under emulation. Where it lies is written in the
# boot header (Documentation/arch/x86/boot.rst: setup_sects 0x1f1, payload_offset 0x248,
# payload_length 0x24c). qemu starts an ELF kernel only through its PVH entry (a Xen ELF note).
kernel_uncompress_x86_64() { # VMLINUZ OUT
  local start length
  start=$((($(number_at "$1" $((0x1f1)) 1) + 1) * 512 + $(number_at "$1" $((0x248)) 4)))
  length=$(number_at "$1" $((0x24c)) 4)
  decompress_at "$1" "$start" "$length" > "$2" || return 1
  readelf -n "$2" 2> /dev/null | grep -q 'Xen .*0x00000012'
}

# arm64 kernels are a plain Image, a gzipped one, or (CONFIG_EFI_ZBOOT) an EFI program around a
# compressed Image: "MZ", "zimg" at 4, the payload's offset at 8 and its length at 12.
kernel_uncompress_aarch64() { # VMLINUZ OUT
  if [[ $(tail -c +5 "$1" | head -c 4) == zimg ]]; then
    decompress_at "$1" "$(number_at "$1" 8 4)" "$(number_at "$1" 12 4)" > "$2" ||
      die "$1: unknown compression"
  elif [[ $(od -An -t x1 -N 2 "$1" | tr -d ' ') == 1f8b ]]; then
    gzip -dc "$1" > "$2"
  else
    cp "$1" "$2"
  fi
}

# ---- the base image -----------------------------------------------------------------------------

# Builds, or finds in the cache, the base image of an architecture; sets base_cpio.
base_image() { # ARCH
  local arch=$1 key dir root=$work/root new=$work/base-new
  fetch_stanza "guest-$arch" || die "the guest's own packages cannot be had (kernels.conf)"
  key=$( (
    printf '%s\n' "${fetched[@]}" "$modules"
    [[ $arch != x86_64 ]] || cat "$(java_home)/release"
    cat "$here/lib/image.sh"
  ) | sha256sum | cut -c1-16)
  dir=$cache/images/$arch-$key
  base_cpio=$dir/base.cpio
  if cache_has "$dir"; then
    note "guest-$arch: base image cached ($(du -m "$base_cpio" | cut -f1) MB)"
    return
  fi
  rm -rf "$root" "$new" && mkdir -p "$root" "$new"
  userland "$arch" "$root"
  case $arch in
    x86_64) runtime_linked "$root" ;;
    aarch64) runtime_unpacked "$root" ;;
  esac
  cpio_of "$root" > "$new/base.cpio"
  cache_seal "$new" "$dir"
  rm -rf "$root"
  note "guest-$arch: base image built ($(du -m "$base_cpio" | cut -f1) MB)"
}

cpio_of() { (cd "$1" && find . -mindepth 1 -print0 | sort -z | cpio --null -o -H newc -R 0:0 --quiet); }

# Programs that tests use and busybox lacks or has only in part. The shell is none of busybox's, which
# prefers its own applets to the programs on the PATH.
guest_programs='bin/dash bin/bash bin/setpriv bin/unshare bin/nsenter bin/prlimit bin/taskset bin/chrt bin/strace sbin/capsh sbin/getpcaps sbin/setcap'

userland() { # ARCH ROOT
  local arch=$1 root=$2 all=$work/userland triplet=$1-linux-gnu lock program
  rm -rf "$all" && mkdir -p "$all"
  for lock in "${fetched[@]}"; do
    [[ $lock == openjdk-* ]] || dpkg -x "$(package_file "$lock")" "$all"
  done
  # Some packages still ship /bin and /lib beside /usr.
  for program in bin sbin lib lib64; do
    [[ -d $all/$program ]] || continue
    mkdir -p "$all/usr/$program"
    cp -a "$all/$program/." "$all/usr/$program/"
  done
  mkdir -p "$root"/usr/{bin,sbin,lib} "$root"/{dev,proc,sys,tmp,run,root,home/user,etc,results,tests}
  ln -s usr/bin usr/sbin usr/lib "$root"
  cp -a "$all/usr/lib/$triplet" "$root/usr/lib/"
  rm -rf "$root/usr/lib/$triplet"/{gconv,audit,perl*}
  case $arch in
    x86_64) cp -a "$all/usr/lib64" "$root/usr/" && ln -s usr/lib64 "$root/lib64" ;;
    aarch64) cp -a "$all"/usr/lib/ld-linux-* "$root/usr/lib/" ;;
  esac
  cp -a "$all/usr/bin/busybox" "$root/usr/bin/busybox"
  for program in $guest_programs; do
    cp -aL "$all/usr/$program" "$root/usr/$program" || die "no $program in the guest's packages"
  done
  ln -s dash "$root/usr/bin/sh"
  needed_libraries "$root" "$triplet"
  rm -rf "$all"

  printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' \
    > "$root/etc/passwd"
  printf 'root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n' > "$root/etc/group"
  printf '127.0.0.1 localhost guest\n::1 localhost\n' > "$root/etc/hosts"
  printf 'passwd: files\ngroup: files\nhosts: files\n' > "$root/etc/nsswitch.conf"
}

# A missing library would show only inside the guest, as "not found" of a file that is there.
needed_libraries() { # ROOT TRIPLET
  local missing
  missing=$(find "$1/usr/bin" "$1/usr/sbin" "$1/usr/lib" -type f -exec readelf -d {} + 2> /dev/null |
    sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u | while read -r library; do
    [[ -e $1/usr/lib/$2/$library || -e $1/usr/lib/$library || -e $1/usr/lib64/$library ]] ||
      echo "$library"
  done)
  [[ -z $missing ]] || die "the guest's packages lack ${missing//$'\n'/ } (kernels.conf, [guest-…])"
}

# A JDK of at least 25 on this machine, for jlink.
java_home() {
  local home
  for home in "${KERNELFLIGHT_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    [[ -x $home/bin/jlink && -r $home/release ]] || continue
    if (($(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release") >= 25)); then
      echo "$home"
      return
    fi
  done
  die "no JDK 25 with jlink found; set KERNELFLIGHT_JAVA_HOME"
}

runtime_linked() { # ROOT
  "$(java_home)/bin/jlink" --add-modules "$modules" --vm server --generate-cds-archive \
    --strip-debug --no-header-files --no-man-pages --output "$1/jdk" > "$work/jlink.log" 2>&1 ||
    die "jlink failed: $(tail -n 3 "$work/jlink.log")"
  rm -f "$1/jdk/lib/server/classes_nocoops.jsa"
}

# jlink cannot link for another architecture without that build's jmods: there the distribution's
# runtime is unpacked as it is, less what a guest never uses.
runtime_unpacked() { # ROOT
  local lock all=$work/jre home
  rm -rf "$all" && mkdir -p "$all"
  for lock in "${fetched[@]}"; do
    [[ $lock != openjdk-* ]] || dpkg -x "$(package_file "$lock")" "$all"
  done
  home=$(dirname "$(dirname "$(find "$all/usr/lib/jvm" -path '*/bin/java' | head -n 1)")")
  mv "$home" "$1/jdk"
  # Configuration lies in /etc, where the runtime has links to.
  [[ ! -d $all/etc ]] || cp -a "$all/etc/." "$1/etc/"
  rm -rf "$1"/jdk/{man,docs,legal,src.zip} "$1"/jdk/lib/server/classes_*.jsa "$all"
  # The runtime package has every module but not the JDK's small tools.
  runtime_tool "$1" jcmd jdk.jcmd/sun.tools.jcmd.JCmd
  runtime_tool "$1" jfr jdk.jfr/jdk.jfr.internal.tool.Main
}

runtime_tool() { # ROOT NAME MODULE/CLASS
  [[ -e $1/jdk/bin/$2 ]] && return
  # shellcheck disable=SC2016  # expanded in the guest
  printf '#!/bin/sh\nexec "$(dirname "$0")/java" -m %s "$@"\n' "$3" > "$1/jdk/bin/$2"
  chmod +x "$1/jdk/bin/$2"
}
