package dev.kernelflight.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands in the way, by what the system says. */
class RestrictionsTest {
  private static final String BOTH = "c000000000";

  private static Restrictions capabilities(String effective) {
    return restrictions(effective, true, "", "unlimited", "2");
  }

  private static Restrictions restrictions(
      String effective,
      boolean initialUserNamespace,
      String lockdown,
      String lockedMemory,
      String paranoid) {
    return new Restrictions(
        "uid 1000",
        effective,
        initialUserNamespace,
        "0",
        lockdown,
        "lockdown,capability,selinux",
        "system_u:system_r:container_t",
        lockedMemory,
        "1024",
        paranoid,
        "516");
  }

  private static String text(Optional<Hindrance> hindrance) {
    return hindrance.map(Hindrance::toString).orElse("");
  }

  @ParameterizedTest
  @CsvSource({
    "0, this process lacks CAP_BPF and CAP_PERFMON:",
    "4000000000, this process lacks CAP_BPF:",
    "8000000000, this process lacks CAP_PERFMON:",
  })
  void missingCapabilities(String effective, String said) {
    assertThat(text(capabilities(effective).privileges()))
        .startsWith(said)
        .contains("--cap-add BPF");
  }

  @ParameterizedTest
  @ValueSource(strings = {"200000", BOTH, "1ffffffffff", "", "nonsense"})
  void noCapabilityIsMissingOrItCannotBeKnown(String effective) {
    assertThat(capabilities(effective).privileges()).isEmpty();
  }

  @Test
  void inAUserNamespaceNoCapabilityCounts() {
    assertThat(text(restrictions("0", false, "", "", "").privileges()))
        .contains("in a user namespace", "not rootless")
        .doesNotContain("lacks");
  }

  @Test
  void lockdown() {
    assertThat(
            text(restrictions(BOTH, true, "none integrity [confidentiality]", "", "").lockedDown()))
        .contains("lockdown=integrity");
    assertThat(restrictions(BOTH, true, "none [integrity] confidentiality", "", "").lockedDown())
        .isEmpty();
  }

  @Test
  void lockedMemory() {
    Restrictions little = restrictions(BOTH, true, "", "65536", "2");
    assertThat(text(little.mapMemory())).contains("64 kB (RLIMIT_MEMLOCK)", "ulimit -l unlimited");
    assertThat(text(little.perfBufferMemory()))
        .contains("all processes of uid 1000", "516 kB for each CPU", "64 kB more")
        .contains("buffer=ring", "CAP_IPC_LOCK");
    assertThat(restrictions("c001000000", true, "", "65536", "2").mapMemory()).isEmpty();
    assertThat(restrictions("c000004000", true, "", "65536", "2").perfBufferMemory()).isEmpty();
    assertThat(restrictions(BOTH, true, "", "unlimited", "2").mapMemory()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "c000000000, 3, true",
    "c000000000, 4, true",
    "c000000000, 2, false",
    "c000000000, '', false",
    "c000200000, 3, false"
  })
  void aParanoidKernel(String effective, String paranoid, boolean hinders) {
    assertThat(restrictions(effective, true, "", "", paranoid).paranoidKernel().isPresent())
        .isEqualTo(hinders);
  }

  @Test
  void aSecurityModule() {
    assertThat(capabilities(BOTH).securityModule("bpf(2)").toString())
        .contains("lockdown,capability,selinux", "refuses bpf(2)", "container_t");
  }

  @Test
  void whoMayLookAtWhom() {
    assertThat(capabilities("0").hasNoMoreThan(capabilities(BOTH))).isTrue();
    assertThat(capabilities(BOTH).hasNoMoreThan(capabilities("4000000000"))).isFalse();
  }
}
