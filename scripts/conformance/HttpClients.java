import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/** The HTTP client of Java as it is without settings: it offers HTTP/2 with its first request. Prints a status a line. */
class HttpClients {
  public static void main(String[] args) throws Exception {
    String api = args[0];
    String body = args[1];
    for (boolean expect : new boolean[] {false, true}) {
      // A client of its own each time, as the offer is made once for a connection.
      tell(HttpRequest.newBuilder(URI.create(api + "/shells")).GET().build());
      HttpRequest.Builder post = HttpRequest.newBuilder(URI.create(api + "/submodels")).expectContinue(expect);
      tell(post.header("content-type", "application/json").POST(BodyPublishers.ofString(body.replace("ID", "urn:java:" + expect))).build());
    }
  }

  private static void tell(HttpRequest request) throws Exception {
    System.out.println(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).statusCode());
  }
}
