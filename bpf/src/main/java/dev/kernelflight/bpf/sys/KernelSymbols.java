package dev.kernelflight.bpf.sys;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names of kernel functions by their addresses, as {@code /proc/kallsyms} had them when it was
 * read: a line for each, {@code ffffffff81000000 T name [module]}. They are kept as bytes, since of
 * a hundred thousand only some are ever asked for. One thread at a time.
 */
public final class KernelSymbols {
  private static final Path SYMBOLS = Path.of("/proc/kallsyms");
  private static final String FUNCTION_TYPES = "tTwW";

  /** No function is larger: what lies further behind one belongs to a module loaded since. */
  private static final long LARGEST_FUNCTION = 1 << 20;

  /** By address, ascending as unsigned numbers. */
  private final long[] addresses;

  /** Where the name of each begins in {@link #names}. */
  private final int[] starts;

  /** Each ends with a newline. */
  private final byte[] names;

  private final Map<Integer, String> asked = new HashMap<>();

  private KernelSymbols(long[] addresses, int[] starts, byte[] names) {
    this.addresses = addresses;
    this.starts = starts;
    this.names = names;
  }

  /** The kernel does not tell where its functions are; the message says why, and what to do. */
  public static final class HiddenException extends Exception {
    private static final long serialVersionUID = 1L;
    private final String reason;

    HiddenException(String reason) {
      super(reason);
      this.reason = reason;
    }

    @Override
    public String getMessage() {
      return reason;
    }
  }

  /** Reads them; takes a tenth of a second. */
  public static KernelSymbols read() throws HiddenException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(SYMBOLS), 1 << 16)) {
      return parse(in);
    } catch (IOException e) {
      throw new HiddenException("no names of kernel functions: cannot read " + SYMBOLS + ": " + e);
    }
  }

  static KernelSymbols parse(InputStream in) throws IOException, HiddenException {
    long[] addresses = new long[1 << 15];
    int[] starts = new int[1 << 15];
    ByteArrayOutputStream names = new ByteArrayOutputStream(1 << 20);
    int count = 0;
    boolean told = false;
    for (int c = in.read(); c >= 0; c = in.read()) {
      long address = 0;
      for (; c > ' '; c = in.read()) {
        address = address << 4 | Character.digit(c, 16);
      }
      int type = in.read();
      c = in.read();
      boolean kept = address != 0 && FUNCTION_TYPES.indexOf(type) >= 0;
      told |= kept;
      if (kept) {
        if (count == addresses.length) {
          addresses = Arrays.copyOf(addresses, 2 * count);
          starts = Arrays.copyOf(starts, 2 * count);
        }
        addresses[count] = address;
        starts[count++] = names.size();
      }
      for (c = in.read(); c > ' '; c = in.read()) {
        if (kept) {
          names.write(c);
        }
      }
      if (kept) {
        names.write('\n');
      }
      while (c >= 0 && c != '\n') {
        c = in.read();
      }
    }
    if (!told) {
      throw new HiddenException(
          "the kernel hides the addresses of its functions from this process, so samples have no"
              + " function names: set kernel.kptr_restrict=1 and grant CAP_SYSLOG, or set"
              + " kernel.kptr_restrict=0 and kernel.perf_event_paranoid=1");
    }
    return sorted(Arrays.copyOf(addresses, count), starts, names.toByteArray());
  }

  /** The kernel's own functions come sorted, those of modules after them in any order. */
  private static KernelSymbols sorted(long[] addresses, int[] starts, byte[] names) {
    Integer[] order = new Integer[addresses.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Long.compareUnsigned(addresses[a], addresses[b]));
    long[] sortedAddresses = new long[order.length];
    int[] sortedStarts = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      sortedAddresses[i] = addresses[order[i]];
      sortedStarts[i] = starts[order[i]];
    }
    return new KernelSymbols(sortedAddresses, sortedStarts, names);
  }

  /** The function that an address lies in, or null if that is not known. */
  public @Nullable String function(long address) {
    int low = 0;
    int high = addresses.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (Long.compareUnsigned(addresses[middle], address) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    int found = low - 1;
    if (found < 0 || address - addresses[found] >= LARGEST_FUNCTION) {
      return null;
    }
    return asked.computeIfAbsent(found, this::name);
  }

  private String name(int index) {
    int end = starts[index];
    while (names[end] != '\n') {
      end++;
    }
    return new String(names, starts[index], end - starts[index], StandardCharsets.UTF_8);
  }
}
