# shellcheck shell=bash
# What a guest runs: the thin image with the tests (or a command) in it.
#
#   /init                    guest/init
#   /kernelflight/settings   environment for the job
#   /kernelflight/job        what to run
#   /tests/lib/*.jar         class path; /tests/classes-N: directories of classes
#   anything else            as --add says

junit_default=1.13.4

# The modules whose classes are needed and whose kernel tests run by default, and the agent's jar,
# which tests find by KERNELFLIGHT_AGENT_JAR or the system property kernelflight.agent.jar.
suite_modules='bpf jfr-events agent agent-tests'
suite_agent=agent/target/ebpf-agent.jar

# Without --tests: builds the project (not its tests' run) and takes every module's test classes.
suite_default() {
  local root=${here%/*} module found=''
  [[ -f $root/pom.xml ]] || die "no pom.xml in $root: say what to test with --tests"
  if [[ -z $built ]]; then
    suite_build "$root"
  elif [[ ! -f $root/$suite_agent || ! -f $root/bpf/target/kernel-tests.classpath ]]; then
    die "--built: nothing is built yet"
  fi
  for module in $suite_modules; do
    if [[ -d $root/$module/target/test-classes ]]; then
      tests+=("$root/$module/target/test-classes")
      found=yes
    fi
    [[ ! -d $root/$module/target/classes ]] || class_path+=:$root/$module/target/classes
    # Other modules come as jars of their own here, and as classes above: the classes are enough.
    [[ ! -f $root/$module/target/kernel-tests.classpath ]] ||
      class_path+=:$(tr ':' '\n' < "$root/$module/target/kernel-tests.classpath" |
        { grep -v "^$root/" || true; } | paste -sd: -)
  done
  [[ -n $found ]] || die "none of the modules $suite_modules has compiled tests"
  # What does not differ between kernels is tested where that is quick: `soak` needs 20,000 threads or
  # the like, `portable` looks at files, options and the JVM. --tag soak, --tag portable run them here.
  ((${#tags[@]})) || tags=('(kernel|vm)&!soak&!portable')
  if [[ -f $root/$suite_agent ]]; then
    adds+=("$root/$suite_agent:/agent/${suite_agent##*/}")
    guest_env+=("KERNELFLIGHT_AGENT_JAR=/agent/${suite_agent##*/}")
    jvm_options+=" -Dkernelflight.agent.jar=/agent/${suite_agent##*/}"
  fi
}

suite_build() { # ROOT
  need_tools mvn:maven
  note "building the project for its tests"
  run_killable "$work/mvn.log" "$1" mvn -q -B package -DskipTests \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath \
    -Dmdep.outputFile=target/kernel-tests.classpath -DincludeScope=test ||
    die "the project does not build: $(grep -m 5 ERROR "$work/mvn.log")"
}

# Copies class path elements into the image and sets guest_classpath; directories and jars named by
# --tests are searched for tests (guest_scan), others are only on the class path.
suite_classpath() { # IMAGE-ROOT
  local root=$1 element n=0 target version='' scan
  guest_classpath='' guest_scan=''
  local -a elements=()
  local -A seen=()
  IFS=: read -r -a elements <<< "$class_path"
  mkdir -p "$root/tests/lib"
  for element in "${tests[@]}" '|' "${elements[@]}"; do
    [[ -n $element && -z ${seen[$element]:-} ]] || continue
    seen[$element]=yes
    if [[ $element == '|' ]]; then
      scan=done
      continue
    fi
    if [[ -d $element ]]; then
      target=/tests/classes-$((++n))
      mkdir -p "$root$target"
      cp -a "$element/." "$root$target/"
    elif [[ -f $element ]]; then
      # JUnit itself comes as one jar with the console launcher, in the version that the tests use.
      case ${element##*/} in
        junit-platform-engine-*.jar)
          version=${element##*junit-platform-engine-}
          version=${version%.jar}
          continue
          ;;
        junit-platform-*.jar | junit-jupiter*.jar | opentest4j-*.jar | apiguardian-api-*.jar) continue ;;
      esac
      target=/tests/lib/${element##*/}
      [[ ! -e $root$target ]] || target=/tests/lib/$((++n))-${element##*/}
      cp -a "$element" "$root$target"
    else
      die "no such file or directory on the tests' class path: $element"
    fi
    guest_classpath+=:$target
    [[ -n ${scan:-} ]] || guest_scan+=${guest_scan:+:}$target
  done
  [[ -n $guest_scan ]] || die "nothing to test: --tests DIR|JAR"
  console_launcher "${version:-$junit_default}"
  cp -a "$console_jar" "$root/tests/lib/junit-console.jar"
  guest_classpath=/tests/lib/junit-console.jar$guest_classpath
}

console_launcher() { # VERSION; sets console_jar
  local dir=$cache/junit/$1 new=$work/junit
  console_jar=$dir/junit-platform-console-standalone-$1.jar
  cache_has "$dir" && return
  need_tools mvn:maven
  rm -rf "$new" && mkdir -p "$new"
  note "fetching the JUnit console launcher $1"
  run_killable "$work/mvn.log" "$PWD" mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    "-Dartifact=org.junit.platform:junit-platform-console-standalone:$1" \
    "-DoutputDirectory=$new" ||
    die "the JUnit console launcher $1 cannot be had: $(grep -m 2 ERROR "$work/mvn.log")"
  cache_seal "$new" "$dir"
}

thin_image() { # sets thin_cpio
  local root=$work/thin item from to
  rm -rf "$root" && mkdir -p "$root/kernelflight" "$root/tests"
  install -m 755 "$here/guest/init" "$root/init"
  {
    echo "export KERNELFLIGHT_KERNEL_TESTS=required"
    for item in "${guest_env[@]}"; do
      printf 'export %s=%q\n' "${item%%=*}" "${item#*=}"
    done
  } > "$root/kernelflight/settings"
  for item in "${adds[@]}"; do
    from=${item%%:*} to=/add/$(basename "${item%%:*}")
    [[ $item != *:* ]] || to=${item#*:}
    [[ -e $from ]] || die "--add: no such file or directory: $from"
    # Through the links of the base image (/bin, /lib …), which a directory here would replace.
    case $to in /bin/* | /sbin/* | /lib/*) to=/usr$to ;; esac
    mkdir -p "$root$(dirname "$to")"
    if [[ -d $from ]]; then mkdir -p "$root$to" && cp -a "$from/." "$root$to/"; else cp -a "$from" "$root$to"; fi
  done
  if [[ $mode == tests || ${#tests[@]} -gt 0 ]]; then
    suite_classpath "$root"
    echo "export KERNELFLIGHT_CLASSPATH=$guest_classpath" >> "$root/kernelflight/settings"
  fi
  case $mode in
    command) printf '%s\n' "$command" ;;
    shell) echo 'echo "a shell in the guest; exit ends it"; exec bash' ;;
    tests)
      printf "tags='"
      for item in "${tags[@]}"; do printf ' --include-tag=%s' "$item"; done
      # shellcheck disable=SC2016  # expanded in the guest
      printf "'"'\n[ -z "$KERNELFLIGHT_TAG" ] || tags="--include-tag=$KERNELFLIGHT_TAG"\n'
      # shellcheck disable=SC2016  # expanded in the guest
      printf 'exec java %s -cp "$KERNELFLIGHT_CLASSPATH"' "$jvm_options"
      printf ' %s' org.junit.platform.console.ConsoleLauncher execute \
        "--scan-classpath=$guest_scan" "--include-classname='$class_pattern'" --fail-if-no-tests \
        --details=testfeed --disable-banner --disable-ansi-colors --reports-dir=/results/junit
      # shellcheck disable=SC2016  # expanded in the guest
      echo ' $tags'
      ;;
  esac > "$root/kernelflight/job"
  thin_cpio=$work/thin.cpio
  cpio_of "$root" > "$thin_cpio"
}
