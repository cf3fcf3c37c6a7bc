import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.bson.Document;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.util.List;

/** mongo-java-server with its documents in memory: {@code java -cp '…' MemoryMongo.java PORT [streams]}. */
public class MemoryMongo {

  /** Its own version is too old for the driver, though it has everything that the driver uses. */
  static final class Version implements MongoVersion {
    public List<Integer> getVersionArray() {
      return List.of(5, 0, 0);
    }

    public int getWireVersion() {
      return 13;
    }
  }

  /** It knows `hello` by its older name only. */
  static final class Backend extends MemoryBackend {
    @Override
    public Document handleCommand(Channel channel, String database, String command, Document query) {
      return super.handleCommand(channel, database, command.equals("hello") ? "ismaster" : command, query);
    }
  }

  public static void main(String[] arguments) throws InterruptedException {
    MongoServer server = new MongoServer(new Backend().version(new Version()));
    // Change streams are read from the oplog, which keeps everything once more.
    if (arguments.length > 1) {
      server.enableOplog();
    }
    server.bind(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])));
    Thread.currentThread().join();
  }
}
