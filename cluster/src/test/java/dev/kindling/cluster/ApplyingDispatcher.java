package dev.kindling.cluster;

import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.mockwebserver.dsl.HttpMethod;
import io.fabric8.mockwebserver.http.Buffer;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;

/** Answers as a real server does to what Spark applies: it makes what is not there yet. */
final class ApplyingDispatcher extends KubernetesCrudDispatcher {
  @Override
  public MockResponse handlePatch(RecordedRequest apply) {
    byte[] body = apply.getBody().getBytes();                        // a request's body can be read once
    MockResponse patched = super.handlePatch(request(apply, HttpMethod.PATCH, apply.getPath(), body));
    if (patched.code() != 404) return patched;
    String collection = apply.getPath().replaceFirst("/[^/?]+(\\?.*)?$", "");
    return handleCreate(request(apply, HttpMethod.POST, collection, body));
  }

  private RecordedRequest request(RecordedRequest as, HttpMethod method, String path, byte[] body) {
    return new RecordedRequest(as.getHttpVersion(), method, path, as.getHeaders(), new Buffer(body));
  }
}
