# shellcheck shell=bash
# One guest: started in the background, watched by the loop in `run`, its results unpacked.

# Starts qemu for a kernel; sets guest_pid. In TARGET: console.log (all that the guest wrote),
# qemu.log, results.tgz (second serial port).
guest_start() { # KERNEL-NAME IMAGE INITRD TARGET
  local arch=${1##*-} append tag hooks chosen
  local -a qemu=("qemu-system-$arch")
  local dir=${qemu_dir[$arch]}
  [[ -z $dir ]] || qemu=("$dir/qemu-system-$arch" -L "$dir/qemu" -L "$dir/seabios")
  # A kernel that panics or oopses restarts at once, which -no-reboot makes an end.
  append="panic=-1 oops=panic loglevel=5 rdinit=/init random.trust_cpu=on"
  append+="$kernel_append $(conf_get "$1" append)"
  tag=$(conf_get "$1" tag)
  [[ -n $tag || $narrowed == yes ]] || tag=$(conf_get "$1" part)
  hooks=$(conf_get "$1" hooks)
  chosen=$(conf_get "$1" chosen)
  # What the kernel does not know itself becomes the environment of init.
  append="KERNELFLIGHT_EXPECT_HOOKS=$hooks KERNELFLIGHT_EXPECT_CHOSEN=${chosen:-${hooks%%,*}} KERNELFLIGHT_TAG=$tag $append"
  case $arch in
    x86_64)
      # On a busy host the kernel would take its clock for broken and go over to one that is read by a
      # system call into the emulator.
      append="tsc=reliable $append"
      qemu+=(-machine q35 -cpu max -device "isa-serial,chardev=results"
        -append "console=ttyS0 RESULTS_PORT=/dev/ttyS1 CONSOLE=/dev/ttyS0 $append")
      ;;
    aarch64)
      qemu+=(-machine virt -cpu cortex-a72 -device "pci-serial,chardev=results"
        -append "console=ttyAMA0 RESULTS_PORT=/dev/ttyS0 CONSOLE=/dev/ttyAMA0 $append")
      ;;
  esac
  qemu+=(-accel "tcg,thread=${qemu_threads[$arch]}" -smp "$guest_cpus" -m "$guest_memory" -nodefaults -display none
    -no-reboot -kernel "$2" -initrd "$3" -chardev "file,id=results,path=$4/results.tgz")
  if [[ $mode == shell ]]; then
    "${qemu[@]}" -serial stdio
    return
  fi
  qemu+=(-serial "file:$4/console.log")
  : > "$4/console.log"
  printf '%q ' "${qemu[@]}" > "$4/qemu.command"
  nice -n "${KERNELFLIGHT_NICE:-5}" "${qemu[@]}" < /dev/null > "$4/qemu.log" 2>&1 &
  guest_pid=$!
}

# The guest's newest line, for the progress display.
guest_last_line() { # TARGET
  tail -c 2000 "$1/console.log" 2> /dev/null | tr -d '\r' | sed 's/[^[:print:]]//g' | grep -v '^ *$' |
    tail -n 1 || true
}

# Unpacks what the guest sent. Fails where nothing whole came out.
guest_results() { # TARGET
  [[ -s $1/results.tgz ]] && gzip -t "$1/results.tgz" 2> /dev/null &&
    tar -xzf "$1/results.tgz" --no-same-owner --no-overwrite-dir -C "$1" && [[ -s $1/exit ]]
}
