# shellcheck shell=bash
# From a guest's files to numbers, lines and the table. Also sourced by jdk-tests/run.

# Sums the JUnit XML reports of a directory: "tests failed skipped".
junit_counts() { # DIR
  find "$1" -name 'TEST-*.xml' -exec cat {} + 2> /dev/null | tr '\n' ' ' | grep -o '<testsuite [^>]*>' |
    awk '
      function attribute(name) {
        if (!match($0, " " name "=\"[0-9]+\"")) return 0
        return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) + 0
      }
      { tests += attribute("tests"); skipped += attribute("skipped")
        failed += attribute("failures") + attribute("errors") }
      END { print tests + 0, failed + 0, skipped + 0 }'
}

# "  Class.method(): message" for each failed test.
junit_failures() { # DIR
  find "$1" -name 'TEST-*.xml' -exec cat {} + 2> /dev/null | tr '\n' ' ' |
    sed 's/<\(testcase\|failure\|error\) /\n<\1 /g' | awk '
      function attribute(name,   value) {
        if (!match($0, " " name "=\"[^\"]*\"")) return ""
        value = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)
        gsub(/&lt;/, "<", value); gsub(/&gt;/, ">", value); gsub(/&quot;/, "\"", value)
        gsub(/&#10;/, " ", value); gsub(/&amp;/, "\\&", value)
        return value
      }
      /^<testcase / { test = attribute("classname") "." attribute("name") }
      /^<(failure|error) / { print "    " test ": " substr(attribute("message"), 1, 300) }'
}

hooks_used() { # CONSOLE-LOG
  local hooks
  hooks=$(tr -d '\r' < "$1" | sed -n 's/.*KERNELFLIGHT hook=\([^ ]*\).*/\1/p' | sort -u | paste -sd, -)
  echo "${hooks:--}"
}

# Judges a finished guest. Sets verdict (ok, or why not), passed, failed, skipped, release.
judge() { # TARGET HOW-QEMU-ENDED(exit status, or "timeout")
  local tests_run exit_status
  passed=0 failed=0 skipped=0 release=- verdict=ok
  if guest_results "$1"; then
    release=$(< "$1/release")
    exit_status=$(< "$1/exit")
    if [[ $mode == command ]]; then
      if [[ $exit_status == 0 ]]; then passed=1; else failed=1 verdict="command exited $exit_status"; fi
      return
    fi
    read -r tests_run failed skipped < <(junit_counts "$1")
    passed=$((tests_run - failed - skipped))
    if ((failed > 0)); then
      verdict="$failed test(s) failed"
    elif ((passed == 0)); then
      # The console launcher ends with 2 where it found none.
      failed=1 verdict="no test ran"
      [[ $exit_status == [02] ]] || verdict="the test JVM exited $exit_status, no report"
    elif [[ $exit_status != 0 ]]; then
      failed=1 verdict="the test JVM exited $exit_status"
    fi
    return
  fi
  failed=1
  release=$(tr -d '\r' < "$1/console.log" | sed -n 's/^KERNELFLIGHT release=//p' | head -n 1)
  : "${release:=-}"
  if [[ $2 == timeout ]]; then
    verdict="no end after $time_limit s"
  elif grep -q 'Kernel panic' "$1/console.log"; then
    verdict="kernel panic"
  elif [[ $2 != 0 ]]; then
    verdict="qemu exited $2: $(tail -n 1 "$1/qemu.log")"
  else
    verdict="the guest ended without results"
  fi
}

show_console_end() { # TARGET
  note "    ---- end of $1/console.log"
  tr -d '\r' < "$1/console.log" | tail -n "$console_lines" | sed 's/^/    | /'
  note "    ----"
}

table() { # HEADER ROW…, with | between the columns
  printf '%s\n' "$@" | awk -F'|' '
    NR == 1 { for (i = 1; i <= NF; i++) number[i] = $i ~ /^(passed|failed|skipped|seconds)$/ }
    { rows = NR; for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) }
      if (NF > columns) columns = NF }
    END {
      for (r = 1; r <= rows; r++) {
        line = ""
        for (i = 1; i <= columns; i++)
          line = line sprintf((number[i] ? "%" : "%-") width[i] "s  ", cell[r, i])
        sub(/ +$/, "", line)
        print line
      }
    }'
}
