import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.eclipse.digitaltwin.aas4j.v3.dataformat.aasx.AASXDeserializer;
import org.eclipse.digitaltwin.aas4j.v3.dataformat.aasx.InMemoryFile;
import org.eclipse.digitaltwin.aas4j.v3.dataformat.json.JsonDeserializer;
import org.eclipse.digitaltwin.aas4j.v3.dataformat.json.JsonSerializer;
import org.eclipse.digitaltwin.aas4j.v3.dataformat.xml.XmlDeserializer;
import org.eclipse.digitaltwin.aas4j.v3.model.Environment;

/**
 * Reads AASX, XML and JSON files with AAS4J. Takes the path of a file a line, and answers a line of JSON for each: the
 * environment as AAS4J understood it, and digests of the files that it found for links; or why it could not.
 */
public final class PackageReader {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] arguments) throws Exception {
    var paths = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    // Libraries say there what they miss.
    System.setOut(System.err);
    for (String path = paths.readLine(); path != null; path = paths.readLine()) {
      Map<String, Object> answer = new TreeMap<>();
      try {
        read(path, answer);
      } catch (Throwable error) {
        answer.put("error", String.valueOf(error));
      }
      out.println(JSON.writeValueAsString(answer));
    }
  }

  private static void read(String path, Map<String, Object> answer) throws Exception {
    try (InputStream bytes = new FileInputStream(new File(path))) {
      Environment environment;
      Map<String, String> files = new TreeMap<>();
      if (path.endsWith(".aasx")) {
        var reader = new AASXDeserializer(bytes);
        environment = reader.read();
        for (InMemoryFile file : reader.getRelatedFiles()) files.put(file.getPath(), digest(file.getFileContent()));
      } else if (path.endsWith(".xml")) {
        environment = new XmlDeserializer().read(bytes);
      } else {
        environment = new JsonDeserializer().read(bytes, Environment.class);
      }
      answer.put("environment", JSON.readTree(new JsonSerializer().write(environment)));
      answer.put("files", files);
    }
  }

  private static String digest(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
