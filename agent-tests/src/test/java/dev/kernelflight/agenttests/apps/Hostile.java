package dev.kernelflight.agenttests.apps;

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

/** A JVM that means ill to the terminals of those who look at it. Opens a file for each line. */
public final class Hostile {
  /** Clears the screen, says something in its title, and writes what looks like another line. */
  public static final String TEXT =
      "\u001b[2J\u001b]0;owned\u0007\u009b31m\r\nFORGED\t\u202e\u2066\u007f\u2028\u0085";

  private Hostile() {}

  /** Answers every line with ok. */
  public static void main(String[] args) throws IOException {
    Thread.currentThread().setName(TEXT);
    System.setProperties(new Answers(System.getProperties()));
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      try {
        new FileInputStream("/hostile/" + TEXT).close();
      } catch (FileNotFoundException e) {
        // an open all the same
      }
      System.out.println("ok");
    }
  }

  /** What the agent tells whoever attached goes through these. */
  private static final class Answers extends Properties {
    private static final long serialVersionUID = 1L;

    Answers(Properties properties) {
      putAll(properties);
    }

    @Override
    public synchronized Object setProperty(String key, String value) {
      return super.setProperty(key, key.startsWith("kernelflight.") ? value + TEXT : value);
    }
  }
}
