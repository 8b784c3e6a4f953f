// A HiveMQ Community Edition in this process, for tests: `java Main.java <folder>`, whose `conf/config.xml` says where it
// listens. Runs until it is ended; SIGTERM ends it in order.
import com.hivemq.embedded.EmbeddedHiveMQ;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

public final class Main {
  public static void main(String[] words) throws IOException {
    Path home = Path.of(words[0]);
    System.setProperty("hivemq.log.folder", folder(home, "log").toString());
    EmbeddedHiveMQ broker =
        EmbeddedHiveMQ.builder()
            .withConfigurationFolder(folder(home, "conf"))
            .withDataFolder(folder(home, "data"))
            .withExtensionsFolder(folder(home, "extensions"))
            .withoutLoggingBootstrap()
            .build();
    broker.start().join();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> broker.stop().join()));
  }

  private static Path folder(Path home, String name) throws IOException {
    return Files.createDirectories(home.resolve(name));
  }
}
