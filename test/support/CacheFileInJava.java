import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Properties;

/** Reads and writes a cache file with the calls that AbstractRegistry of Dubbo 2.7.1 uses. Started by java-cache.test.ts. */
public class CacheFileInJava {
  public static void main(String[] args) throws Exception {
    if (args[0].equals("read")) read(args[1]);
    else write(args[1], args);
  }

  /** Prints a line for each entry: the key, a blank, and the value, both in Base64. */
  private static void read(String file) throws Exception {
    Properties properties = new Properties();
    try (InputStream in = new FileInputStream(file)) {
      properties.load(in);
    }
    for (String key : properties.stringPropertyNames()) {
      System.out.println(encoded(key) + " " + encoded(properties.getProperty(key)));
    }
  }

  /** The arguments after the file are keys and values in turn, in Base64. */
  private static void write(String file, String[] args) throws Exception {
    Properties properties = new Properties();
    for (int at = 2; at + 1 < args.length; at += 2) {
      properties.setProperty(decoded(args[at]), decoded(args[at + 1]));
    }
    try (OutputStream out = new FileOutputStream(file)) {
      properties.store(out, "Dubbo Registry Cache");
    }
  }

  private static String encoded(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String decoded(String text) {
    return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
  }
}
