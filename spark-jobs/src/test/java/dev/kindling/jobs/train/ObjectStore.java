package dev.kindling.jobs.train;

import java.net.URI;
import java.util.Map;
import java.util.function.Predicate;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStore;
import org.jclouds.blobstore.BlobStoreContext;
import org.jclouds.blobstore.TransientApiMetadata;
import org.jclouds.blobstore.options.CopyOptions;
import org.jclouds.blobstore.util.ForwardingBlobStore;
import org.jclouds.rest.AuthorizationException;

/** An object store with S3's protocol in this process; its one bucket is in memory, and copies may be refused. */
final class ObjectStore implements AutoCloseable {
  static final String BUCKET = "lake";
  private static final String KEY = "kindling", SECRET = "a secret of tests";

  private final BlobStoreContext context;
  private final S3Proxy server;
  private volatile Predicate<String> refused = key -> false;

  private ObjectStore(BlobStoreContext context) {
    this.context = context;
    context.getBlobStore().createContainerInLocation(null, BUCKET);
    server = S3Proxy.builder().blobStore(new Refusing(context.getBlobStore()))
        .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, KEY, SECRET).endpoint(URI.create("http://127.0.0.1:0"))
        .build();
  }

  static ObjectStore start() throws Exception {
    ObjectStore store = new ObjectStore(
        ContextBuilder.newBuilder(new TransientApiMetadata()).credentials(KEY, SECRET).build(BlobStoreContext.class));
    store.server.start();
    return store;
  }

  /** Copies whose source fits are refused from now on: a store knows no rename, so nothing is moved there. */
  void refuseCopies(Predicate<String> of) {
    refused = of;
  }

  /** Spark's settings that lead {@code s3a:} here. @param buffers a local folder for what is on its way */
  Map<String, String> settings(String buffers) {
    return Map.of("spark.hadoop.fs.s3a.endpoint", "http://127.0.0.1:" + server.getPort(),
        "spark.hadoop.fs.s3a.endpoint.region", "us-east-1", "spark.hadoop.fs.s3a.path.style.access", "true",
        "spark.hadoop.fs.s3a.access.key", KEY, "spark.hadoop.fs.s3a.secret.key", SECRET,
        "spark.hadoop.fs.s3a.buffer.dir", buffers);
  }

  @Override
  public void close() throws Exception {
    server.stop();
    context.close();
  }

  private final class Refusing extends ForwardingBlobStore {
    Refusing(BlobStore store) {
      super(store);
    }

    @Override
    public String copyBlob(String fromContainer, String fromName, String toContainer, String toName,
        CopyOptions options) {
      if (refused.test(fromName)) throw new AuthorizationException("no copy of " + fromName);
      return super.copyBlob(fromContainer, fromName, toContainer, toName, options);
    }
  }
}
