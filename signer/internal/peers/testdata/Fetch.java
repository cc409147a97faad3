import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import okhttp3.OkHttpClient;
import org.apache.http.util.EntityUtils;

/**
 * Requests URLs with the named client, each after its mark. It reads one URL a line, as
 * base64 of UTF-8. It skips a URL that the client refuses.
 */
class Fetch {
    interface Client {
        void get(String url) throws Exception;
    }

    static Client client(String name) {
        switch (name) {
            case "java.net.http": {
                var client = java.net.http.HttpClient.newBuilder().version(java.net.http.HttpClient.Version.HTTP_1_1).build();
                return url -> client.send(java.net.http.HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.discarding());
            }
            case "OkHttp": {
                var client = new OkHttpClient.Builder().followRedirects(false).build();
                return url -> client.newCall(new okhttp3.Request.Builder().url(url).build()).execute().close();
            }
            case "HttpClient4": {
                var client = org.apache.http.impl.client.HttpClients.custom().disableRedirectHandling().build();
                return url -> {
                    try (var response = client.execute(new org.apache.http.client.methods.HttpGet(url))) {
                        EntityUtils.consume(response.getEntity());
                    }
                };
            }
            case "HttpClient5": {
                var client = org.apache.hc.client5.http.impl.classic.HttpClients.custom().disableRedirectHandling().build();
                return url -> client.execute(new org.apache.hc.client5.http.classic.methods.HttpGet(url), response -> null);
            }
        }
        throw new IllegalArgumentException(name);
    }

    public static void main(String[] args) throws Exception {
        var client = client(args[0]);
        var mark = args[1];
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        int i = 0;
        for (String line; (line = in.readLine()) != null; i++) {
            client.get(mark + i);
            try {
                client.get(new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8));
            } catch (Exception refused) {
                // Each library has its own errors.
            }
        }
        System.exit(0);
    }
}
