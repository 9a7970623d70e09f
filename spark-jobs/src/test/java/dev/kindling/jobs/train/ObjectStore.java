package dev.kindling.jobs.train;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.gaul.s3proxy.AuthenticationType;
import org.gaul.s3proxy.S3Proxy;
import org.jclouds.ContextBuilder;
import org.jclouds.blobstore.BlobStore;
import org.jclouds.blobstore.BlobStoreContext;
import org.jclouds.blobstore.TransientApiMetadata;
import org.jclouds.blobstore.domain.Blob;
import org.jclouds.blobstore.domain.MultipartPart;
import org.jclouds.blobstore.domain.MultipartUpload;
import org.jclouds.blobstore.domain.StorageMetadata;
import org.jclouds.blobstore.options.CopyOptions;
import org.jclouds.blobstore.options.ListContainerOptions;
import org.jclouds.blobstore.options.PutOptions;
import org.jclouds.blobstore.util.ForwardingBlobStore;
import org.jclouds.rest.AuthorizationException;

/**
 * An object store with S3's protocol in this process; its one bucket is in memory. Somebody may look at it after each request that
 * changed something, and copies may be refused.
 */
final class ObjectStore implements AutoCloseable {
  static final String BUCKET = "lake";
  private static final String KEY = "kindling", SECRET = "a secret of tests";

  private final BlobStoreContext context;
  private final S3Proxy server;
  private volatile Predicate<String> refused = key -> false;
  private volatile Runnable observer = () -> {};

  private ObjectStore(BlobStoreContext context) {
    this.context = context;
    context.getBlobStore().createContainerInLocation(null, BUCKET);
    server = S3Proxy.builder().blobStore(new Observed(context.getBlobStore()))
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

  /** @param look after each change from now on, one at a time; a program that is killed leaves what one of these looks sees */
  void afterEachChange(Runnable look) {
    observer = look;
  }

  /** As it is; past the protocol. */
  Optional<byte[]> read(String key) {
    Blob blob = context.getBlobStore().getBlob(BUCKET, key);
    if (blob == null) return Optional.empty();
    try (InputStream in = blob.getPayload().openStream()) {
      return Optional.of(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Past the protocol. @param content null: the key goes */
  void replace(String key, byte[] content) {
    BlobStore blobs = context.getBlobStore();
    if (content == null) blobs.removeBlob(BUCKET, key);
    else blobs.putBlob(BUCKET, blobs.blobBuilder(key).payload(content).contentLength(content.length).build());
  }

  /** All keys that begin so, without it. */
  TreeSet<String> keys(String prefix) {
    TreeSet<String> keys = new TreeSet<>();
    for (StorageMetadata each : context.getBlobStore().list(BUCKET,
        ListContainerOptions.Builder.recursive().prefix(prefix).maxResults(10_000)))
      keys.add(each.getName().substring(prefix.length()));
    return keys;
  }

  /** Spark's settings that lead {@code s3a:} here. @param buffers a local folder for what is on its way */
  Map<String, String> settings(String buffers) {
    return Map.of("spark.hadoop.fs.s3a.endpoint", "http://127.0.0.1:" + server.getPort(),
        "spark.hadoop.fs.s3a.endpoint.region", "us-east-1", "spark.hadoop.fs.s3a.path.style.access", "true",
        "spark.hadoop.fs.s3a.access.key", KEY, "spark.hadoop.fs.s3a.secret.key", SECRET,
        "spark.hadoop.fs.s3a.buffer.dir", buffers, "spark.hadoop.fs.s3a.retry.limit", "2",
        "spark.hadoop.fs.s3a.attempts.maximum", "2", "spark.hadoop.fs.s3a.aws.credentials.provider",
        "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider", "spark.hadoop.fs.s3a.multiobjectdelete.enable",
        "false");                                            // which S3Proxy refuses where it has a checksum
  }

  @Override
  public void close() throws Exception {
    server.stop();
    context.close();
  }

  private final class Observed extends ForwardingBlobStore {
    Observed(BlobStore store) {
      super(store);
    }

    private synchronized <T> T then(T done) {
      observer.run();
      return done;
    }

    @Override
    public String putBlob(String container, Blob blob) {
      return then(super.putBlob(container, blob));
    }

    @Override
    public String putBlob(String container, Blob blob, PutOptions options) {
      return then(super.putBlob(container, blob, options));
    }

    @Override
    public String completeMultipartUpload(MultipartUpload upload, List<MultipartPart> parts) {
      return then(super.completeMultipartUpload(upload, parts));
    }

    @Override
    public String copyBlob(String fromContainer, String fromName, String toContainer, String toName,
        CopyOptions options) {
      if (refused.test(fromName)) throw new AuthorizationException("no copy of " + fromName);
      return then(super.copyBlob(fromContainer, fromName, toContainer, toName, options));
    }

    @Override
    public void removeBlob(String container, String name) {
      super.removeBlob(container, name);
      then(null);
    }

    @Override
    public void removeBlobs(String container, Iterable<String> names) {
      names.forEach(name -> removeBlob(container, name));
    }
  }
}
