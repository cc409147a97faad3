// Signed path patterns are compared with a path as the viewer escaped it, and
// S3 unescapes it once: %2F hides a slash from a pattern, and not from S3. So
// nothing is served unsigned whose path escapes one of these characters, which
// signed patterns are made of. As in a pattern, ? stands for any character.
var characters = "CHARACTERS";

function handler(event) {
    var path = event.request.uri;
    for (var i = path.indexOf('%'); i >= 0; i = path.indexOf('%', i + 3)) {
        var hex = path.slice(i + 1, i + 3);
        if (!/^[0-9A-Fa-f]{2}$/.test(hex) || characters.includes('?') || characters.includes(String.fromCharCode(parseInt(hex, 16)))) {
            return {
                statusCode: 403,
                statusDescription: 'Forbidden',
                headers: {
                    'content-type': { value: 'text/xml' },
                    'cache-control': { value: 'no-store' }
                },
                body: {
                    encoding: 'text',
                    data: '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>'
                }
            };
        }
    }
    return event.request;
}
