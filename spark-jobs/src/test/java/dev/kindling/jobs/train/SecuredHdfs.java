package dev.kindling.jobs.train;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivilegedExceptionAction;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.minikdc.MiniKdc;
import org.apache.hadoop.security.Credentials;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.hadoop.security.token.Token;

/**
 * A process of its own, as Kerberos is a setting of the whole JVM: a KDC, and an HDFS that serves only whom it knows. It is what
 * YARN is to a run as well: it fetches a user's tokens into files and renews them.
 *
 * <pre>
 *   SecuredHdfs FOLDER DATASET     writes FOLDER/conf (for clients), copies the dataset to /data, prints "ready"
 *   token FILE                     a token of the user trainer, which lasts 8 s and is renewed; prints "done"
 *   forget                         no token that was fetched is renewed any more; prints "done"
 * </pre>
 */
final class SecuredHdfs {
  private static final int LIFE_MILLIS = 8_000;
  private static final String REALM = "@EXAMPLE.COM";
  private final Configuration conf;
  private final UserGroupInformation trainer;
  private final List<Token<?>> renewed = new ArrayList<>();

  private SecuredHdfs(Configuration conf, UserGroupInformation trainer) {
    this.conf = conf;
    this.trainer = trainer;
  }

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    MiniKdc kdc = new MiniKdc(MiniKdc.createConf(), folder.toFile());
    kdc.start();
    Files.copy(kdc.getKrb5conf().toPath(), folder.resolve("krb5.conf"));
    File server = folder.resolve("hdfs.keytab").toFile(), user = folder.resolve("trainer.keytab").toFile();
    kdc.createPrincipal(server, "hdfs/localhost", "HTTP/localhost");
    kdc.createPrincipal(user, "trainer");
    Configuration conf = serverConfiguration(folder, server);
    UserGroupInformation.setConfiguration(conf);
    try (MiniDFSCluster hdfs = new MiniDFSCluster.Builder(conf).numDataNodes(2).build()) {
      hdfs.waitActive();
      FileSystem files = hdfs.getFileSystem();
      for (String name : List.of("/data", "/runs")) {
        files.mkdirs(new org.apache.hadoop.fs.Path(name));
        files.setPermission(new org.apache.hadoop.fs.Path(name), new FsPermission("700"));
        files.setOwner(new org.apache.hadoop.fs.Path(name), "trainer", "trainers");
      }
      UserGroupInformation trainer = UserGroupInformation.loginUserFromKeytabAndReturnUGI("trainer" + REALM,
          user.getPath());
      conf.set("fs.defaultFS", hdfs.getURI().toString());
      SecuredHdfs secured = new SecuredHdfs(conf, trainer);
      secured.copy(Path.of(args[1]));
      clientConfiguration(folder, hdfs.getURI().toString());
      Thread renewing = new Thread(secured::renew, "renewer");
      renewing.setDaemon(true);
      renewing.start();
      System.out.println("ready");
      secured.serve();
    }
  }

  private static Configuration serverConfiguration(Path folder, File keytab) {
    Configuration conf = new HdfsConfiguration();
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.resolve("hdfs").toString());
    conf.set("hadoop.security.authentication", "kerberos");
    for (String daemon : List.of("namenode", "datanode")) {
      conf.set("dfs." + daemon + ".kerberos.principal", "hdfs/localhost" + REALM);
      conf.set("dfs." + daemon + ".keytab.file", keytab.getPath());
    }
    conf.set("dfs.web.authentication.kerberos.principal", "HTTP/localhost" + REALM);
    conf.set("dfs.web.authentication.kerberos.keytab", keytab.getPath());
    conf.setBoolean("dfs.block.access.token.enable", true);
    conf.set("dfs.data.transfer.protection", "authentication");
    conf.setBoolean("ignore.secure.ports.for.testing", true);          // no web pages over TLS are needed here
    conf.setInt("dfs.namenode.delegation.token.renew-interval", LIFE_MILLIS);
    return conf;
  }

  /** What {@code HADOOP_CONF_DIR} holds where such a cluster is used; a connection is not kept, so that tokens are asked for often. */
  private static void clientConfiguration(Path folder, String uri) throws IOException {
    Configuration client = new Configuration(false);
    client.set("fs.defaultFS", uri);
    client.set("fs.hdfs.impl", WatchedHdfs.class.getName());
    client.set(WatchedHdfs.FOLDER, folder.toString());
    client.set("hadoop.security.authentication", "kerberos");
    client.set("dfs.namenode.kerberos.principal", "hdfs/localhost" + REALM);
    client.set("dfs.data.transfer.protection", "authentication");
    client.set("dfs.replication", "2");
    client.setInt("ipc.client.connection.maxidletime", 200);
    Files.createDirectories(folder.resolve("conf"));
    try (OutputStream out = Files.newOutputStream(folder.resolve("conf/core-site.xml"))) {
      client.writeXml(out);
    }
  }

  private void copy(Path dataset) throws Exception {
    trainer.doAs((PrivilegedExceptionAction<Void>) () -> {
      FileSystem files = FileSystem.get(conf);
      for (File file : dataset.toFile().listFiles()) {
        files.copyFromLocalFile(new org.apache.hadoop.fs.Path(file.toURI()), new org.apache.hadoop.fs.Path("/data/"));
      }
      return null;
    });
  }

  private void serve() throws Exception {
    try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.startsWith("token ")) fetch(line.substring(6));
        else forget();
        System.out.println("done");
      }
    }
  }

  private void fetch(String file) throws Exception {
    Credentials credentials = new Credentials();
    trainer.doAs((PrivilegedExceptionAction<Token<?>[]>) () -> FileSystem.get(conf).addDelegationTokens("trainer",
        credentials));
    credentials.writeTokenStorageFile(new org.apache.hadoop.fs.Path("file:" + file), conf);
    synchronized (renewed) {
      renewed.addAll(credentials.getAllTokens());
    }
  }

  private void forget() {
    synchronized (renewed) {
      renewed.clear();
    }
  }

  private void renew() {
    try {
      while (true) {
        Thread.sleep(LIFE_MILLIS / 4);
        synchronized (renewed) {
          for (Token<?> token : renewed) trainer.doAs((PrivilegedExceptionAction<Long>) () -> token.renew(conf));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
