//! Who is answered: a server that listens on this machine alone answers only to names of this machine. Without that, a
//! web page could give its own name the address 127.0.0.1 (DNS rebinding) and read every document through a browser.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, Response, Uri, Version, header};
use axum::middleware::Next;
use axum::response::IntoResponse;

use crate::error::{ApiError, Code};

/// Whose requests are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Everybody's, by any name: behind Services and proxies a server does not know its names.
    Anyone,
    /// Those to `localhost`, to a loopback address, or to one of these names in small letters.
    ThisMachine(Vec<String>),
}

impl Audience {
    /// Of a server that listens on `address`, given as `listen` (`HOST:PORT`), with further names it may be called by.
    pub fn of(address: SocketAddr, listen: &str, names: &[String]) -> Self {
        // As an IPv6 socket sees it, 127.0.0.1 is ::ffff:127.0.0.1.
        if !address.ip().to_canonical().is_loopback() {
            return Self::Anyone;
        }
        let own = listen.rsplit_once(':').map(|(host, _)| host.to_ascii_lowercase());
        Self::ThisMachine(names.iter().cloned().chain(own).collect())
    }

    /// Whether a request may call the server by this host name or address, as a URI writes it.
    fn knows(&self, host: &str) -> bool {
        let Self::ThisMachine(names) = self else { return true };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
        // RFC 6761: `localhost` and the names below it are this machine, whatever a name server says.
        let is_localhost = host == "localhost" || host.ends_with(".localhost");
        let is_loopback = bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
        is_localhost || is_loopback || names.contains(&host)
    }

    fn check(&self, request: &Request) -> Result<(), ApiError> {
        let hosts = hosts(request.version(), request.uri(), request.headers())?;
        if let Some(host) = hosts.iter().find(|host| !self.knows(host)) {
            return Err(ApiError::new(Code::HostNotAllowed, self.advice(&format!("is not `{}`", shortened(host)))));
        }
        // Other methods change and tell nothing that a page of another origin could read.
        let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
        match request.headers().get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("unreadable")) {
            Some(origin) if !is_safe && !self.knows_origin(origin) => {
                let message = self.advice(&format!("takes no questions from pages of `{}`", shortened(origin)));
                Err(ApiError::new(Code::OriginNotAllowed, message))
            }
            _ => Ok(()),
        }
    }

    /// `null`, the origin of sandboxed pages and files, has no host.
    fn knows_origin(&self, origin: &str) -> bool {
        *self == Self::Anyone || origin.parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| self.knows(host)))
    }

    fn advice(&self, what: &str) -> String {
        format!(
            "this server listens on this machine alone and {what}; call it `localhost`, or set RAGOPS_ALLOWED_HOSTS"
        )
    }
}

/// The hosts that a request names: in its target, where that is a whole URI, and in `Host` (RFC 9112, section 3.2: one,
/// valid, and there in HTTP/1.1).
fn hosts(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<Vec<String>, ApiError> {
    let mut given = headers.get_all(header::HOST).iter();
    let invalid = |what: &str| ApiError::new(Code::InvalidHost, format!("{what}; send one Host header, `HOST[:PORT]`"));
    let host = match (given.next(), given.next()) {
        (None, _) if version >= Version::HTTP_11 && uri.host().is_none() => {
            return Err(invalid("the request has no Host header"));
        }
        (None, _) => None,
        (Some(_), Some(_)) => return Err(invalid("the request has several Host headers")),
        // Allowed where a URI has no authority.
        (Some(one), None) if one.is_empty() => Some(String::new()),
        (Some(one), None) => {
            let authority = one.to_str().ok().and_then(|text| text.parse::<Authority>().ok());
            let authority = authority.filter(|authority| is_host_and_port(authority.as_str(), authority.host()));
            Some(authority.ok_or_else(|| invalid("the Host header is not valid"))?.host().to_owned())
        }
    };
    Ok(host.into_iter().chain(uri.host().map(str::to_owned)).collect())
}

/// Without user information, and with a port that is one, or empty.
fn is_host_and_port(authority: &str, host: &str) -> bool {
    let Some(port) = authority.strip_prefix(host) else { return false };
    matches!(port, "" | ":") || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

fn shortened(text: &str) -> String {
    text.chars().take(128).collect()
}

/// Answers a request only if it is meant for this server.
pub async fn guard(State(audience): State<Audience>, request: Request, next: Next) -> Response<Body> {
    match audience.check(&request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(listen: &str) -> Audience {
        Audience::of("127.0.0.1:8000".parse().unwrap(), listen, &["rag.example.com".to_owned()])
    }

    #[test]
    fn names_of_this_machine_are_known_and_no_others() {
        let check = |host: &str, known: bool| assert_eq!(local("build-7:8000").knows(host), known, "{host}");
        for host in ["localhost", "LOCALHOST.", "docs.localhost", "127.0.0.1", "127.8.9.1", "[::1]", "build-7"] {
            check(host, true);
        }
        check("[::ffff:127.0.0.1]", true);
        check("Rag.Example.com", true);
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.7", "[::]", "0.0.0.0"]
        {
            check(host, false);
        }
        check("", false);
        check("xlocalhost", false);
    }

    #[test]
    fn a_server_of_a_network_answers_by_every_name() {
        for address in ["0.0.0.0:80", "[::]:80", "10.0.0.7:80", "[::ffff:10.0.0.7]:80"] {
            assert_eq!(Audience::of(address.parse().unwrap(), address, &[]), Audience::Anyone);
        }
        for address in ["[::1]:80", "127.0.0.1:80", "127.8.9.1:80", "[::ffff:127.0.0.1]:80"] {
            let audience = Audience::of(address.parse().unwrap(), address, &[]);
            assert!(audience.knows("localhost") && !audience.knows("evil.example"), "{address}: {audience:?}");
        }
    }

    #[test]
    fn the_host_of_a_request_is_one_and_valid() {
        let check = |version, uri: &'static str, given: &[&str], expected: Option<&[&str]>| {
            let mut headers = HeaderMap::new();
            for host in given {
                headers.append(header::HOST, host.parse().unwrap());
            }
            let found = hosts(version, &Uri::from_static(uri), &headers);
            let found = found.map_err(|error| assert_eq!(error.code, Code::InvalidHost)).ok();
            assert_eq!(
                found.as_deref(),
                expected.map(|hosts| hosts.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>()).as_deref()
            );
        };
        let (old, new) = (Version::HTTP_10, Version::HTTP_11);
        check(new, "/", &["localhost:8000"], Some(&["localhost"]));
        check(new, "/", &["[::1]:8000"], Some(&["[::1]"]));
        check(new, "/", &[""], Some(&[""]));
        check(new, "/", &[], None);
        check(old, "/", &[], Some(&[]));
        check(new, "/", &["a", "b"], None);
        check(new, "/", &["me@localhost"], None);
        check(new, "/", &["a b"], None);
        check(new, "/", &["localhost:port"], None);
        check(new, "http://evil.example/", &["localhost"], Some(&["localhost", "evil.example"]));
    }
}
