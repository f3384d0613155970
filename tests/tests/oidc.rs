//! The city's own login, through the real program and a provider made up here: who is let in, who is not and why, and what
//! happens while the provider is away.

use bongsu_tests::city;
use bongsu_tests::http::{self, Answer};
use bongsu_tests::person::Person;
use bongsu_tests::program::{Program, Setup};
use bongsu_tests::provider::{self, Forge, How, Ill, Provider, now};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

fn setup(folder: &Path, provider: &Provider, more: &[(&str, &str)]) -> Setup {
    city::write(folder, &city::stations(1, "river_stage", ""), &[]);
    let mut setup = Setup::anonymous(folder);
    let secret = provider::secret_file(folder);
    let own = [("ISSUER", provider.issuer.as_str()), ("CLIENT_ID", provider::CLIENT), ("CLIENT_SECRET_FILE", &secret)];
    for (key, value) in own.iter().chain(more) {
        setup.env.push((format!("BONGSU_OPERATOR__OIDC__{key}"), (*value).to_owned()));
    }
    setup
}

/// A browser: it keeps cookies, and sends those that belong to a path.
struct Browser<'a> {
    program: &'a Program,
    address: &'a str,
    cookies: BTreeMap<String, (String, String)>,
}

impl<'a> Browser<'a> {
    /// One at an address of its own, so that its mistakes slow down nobody else.
    fn at(program: &'a Program, address: &'a str) -> Browser<'a> {
        Browser { program, address, cookies: BTreeMap::new() }
    }

    fn ask(&mut self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let sent: Vec<String> = self
            .cookies
            .iter()
            .filter(|(_, (under, _))| path.starts_with(under.as_str()))
            .map(|(name, (_, value))| format!("{name}={value}"))
            .collect();
        let cookies = sent.join("; ");
        let mut headers = vec![("Cookie", cookies.as_str()), ("X-Forwarded-For", self.address)];
        headers.extend(more);
        let answer = http::ask(method, &format!("{}{path}", self.program.operator), &headers, body).expect("an answer");
        for line in answer.head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")) {
            let (pair, rest) = line.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a cookie");
            let under = rest.split("Path=").nth(1).and_then(|path| path.split(';').next()).expect("a path");
            assert!(rest.contains("HttpOnly"), "{line}");
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), (under.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    /// Off to the provider, and back with its word: the query of the way back.
    fn leave(&mut self, provider: &Provider, return_to: &str) -> String {
        let answer = self.get(&format!("/api/v1/login/oidc?return_to={return_to}"));
        assert_eq!(answer.status, 303, "{}", answer.body);
        provider.authorize(&location(&answer))
    }

    fn come_back(&mut self, query: &str) -> Answer {
        self.get(&format!("/api/v1/login/oidc/callback?{query}"))
    }

    /// The whole way; answers where the browser ends.
    fn log_in(&mut self, provider: &Provider) -> String {
        let query = self.leave(provider, "/inbox");
        location(&self.come_back(&query))
    }

    fn me(&mut self) -> Answer {
        self.get("/api/v1/me")
    }
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    let line = answer.head.lines().find_map(|line| line.strip_prefix("location: "));
    line.expect("a place to go to").to_owned()
}

/// The newest entry of the audit of an action.
fn newest(kim: &Person, program: &Program, action: &str) -> Value {
    let audit = kim.get(program, "/api/v1/audit");
    let mut entries = audit["entries"].as_array().expect("entries").iter();
    entries.find(|entry| entry["action"] == action).cloned().unwrap_or_default()
}

fn post(kim: &Person, program: &Program, path: &str, body: Value) -> Answer {
    let url = format!("{}{path}", program.operator);
    http::ask("POST", &url, &kim.headers(), &body.to_string()).expect("an answer")
}

fn log_in_by_password(program: &Program, name: &str, password: &str) -> u16 {
    let body = json!({ "username": name, "password": password }).to_string();
    let url = format!("{}/api/v1/login", program.operator);
    let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", "10.9.9.9")];
    http::ask("POST", &url, &headers, &body).expect("an answer").status
}

#[test]
fn who_the_provider_vouches_for_is_who_an_administrator_let_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start();
    let setup = setup(folder.path(), &provider, &[("LABEL_EN", "City hall")]);
    let program = setup.serve();
    let kim = Person::first(&program);
    let page = http::get(&program.operator).1;
    assert!(page.contains(r#"<meta name="bongsu-oidc-en" content="City hall">"#), "{page}");

    // Nobody is made an account by being known elsewhere, whatever the provider says of roles.
    let mut browser = Browser::at(&program, "10.0.0.1");
    assert_eq!(browser.log_in(&provider), "/login?refused=unknown");
    assert_eq!(newest(&kim, &program, "login.failed")["detail"], "oidc: there is no account \"lee\"");
    assert_eq!(newest(&kim, &program, "login.failed")["from_address"], "10.0.0.1");
    setup.run(&["users", "add", "lee", "--role", "viewer"]);
    assert_eq!(browser.log_in(&provider), "/login?refused=not_allowed");
    assert_eq!(setup.run(&["users", "oidc", "lee"]), "done\n");
    assert!(setup.run(&["users", "list"]).contains("oidc allowed"));

    for how in [How::Es256, How::Rs256, How::EdDsa] {
        provider.forges(Forge { how, ..Forge::default() });
        let query = browser.leave(&provider, "/inbox");
        let answer = browser.come_back(&query);
        assert_eq!(location(&answer), "/inbox", "{how:?}");
        let session = answer.head.lines().find(|line| line.contains("bongsu_session=")).expect("a session");
        assert!(session.contains("SameSite=Strict") && session.contains("Path=/;"), "{session}");
        assert!(!browser.cookies.contains_key("bongsu_oidc"), "the cookie of the way is gone");
        let me = browser.me().json();
        assert_eq!((&me["user"], &me["role"]), (&json!("lee"), &json!("viewer")), "{me}");
    }
    let entry = newest(&kim, &program, "login");
    let told = format!("oidc: {} \"subject-of-lee\"", provider.issuer);
    assert_eq!((&entry["who"], &entry["detail"]), (&json!("lee"), &json!(told)));

    // The session is like any other: a change needs its number, and it ends.
    let csrf = browser.me().json()["csrf"].as_str().expect("csrf").to_owned();
    assert_eq!(browser.ask("POST", "/api/v1/logout", &[], "").status, 403);
    assert_eq!(browser.ask("POST", "/api/v1/logout", &[("x-bongsu-csrf", &csrf)], "").status, 204);
    assert_eq!(browser.me().status, 401);

    // Bound to the subject: a new name there changes nothing, and another person of the name is not let in.
    provider.forges(Forge { claims: json!({ "preferred_username": "lee-park" }), ..Forge::default() });
    assert_eq!(browser.log_in(&provider), "/inbox");
    provider.forges(Forge { claims: json!({ "sub": "somebody else" }), ..Forge::default() });
    assert_eq!(Browser::at(&program, "10.0.0.2").log_in(&provider), "/login?refused=taken");
    provider.forges(Forge { claims: json!({ "preferred_username": null, "sub": "x" }), ..Forge::default() });
    assert_eq!(Browser::at(&program, "10.0.0.2").log_in(&provider), "/login?refused=unknown");

    // One person is one account: two must agree on some things.
    setup.run(&["users", "add", "park", "--role", "approver"]);
    let twice = json!({ "login": "allowed", "subject": "subject-of-lee" });
    assert_eq!(post(&kim, &program, "/api/v1/users/park/oidc", twice).status, 409);
    // Off, and the sessions end; disabled, and it says so.
    provider.forges(Forge::default());
    assert_eq!(browser.me().status, 200);
    assert_eq!(post(&kim, &program, "/api/v1/users/lee/oidc", json!({ "login": "off" })).status, 204);
    assert_eq!(browser.me().status, 401);
    assert_eq!(browser.log_in(&provider), "/login?refused=not_allowed");
    let bound = json!({ "login": "allowed", "subject": "subject-of-lee" });
    assert_eq!(post(&kim, &program, "/api/v1/users/lee/oidc", bound).status, 204);
    assert_eq!(browser.log_in(&provider), "/inbox");
    assert_eq!(post(&kim, &program, "/api/v1/users/lee/disable", json!({})).status, 204);
    assert_eq!(browser.me().status, 401);
    assert_eq!(browser.log_in(&provider), "/login?refused=disabled");
}

#[test]
fn a_token_that_lacks_anything_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start();
    let program = setup(folder.path(), &provider, &[]).serve();
    let kim = Person::first(&program);
    let wanted = json!({ "login": "allowed", "subject": "subject-of-lee" });
    assert_eq!(post(&kim, &program, "/api/v1/users", json!({ "username": "lee", "role": "admin" })).status, 200);
    assert_eq!(post(&kim, &program, "/api/v1/users/lee/oidc", wanted).status, 204);

    let claims = |claims: Value| Forge { claims, ..Forge::default() };
    let how = |how: How| Forge { how, ..Forge::default() };
    let header = |header: Value| Forge { header, ..Forge::default() };
    let forged = [
        (claims(json!({ "nonce": "another" })), "distrusted", "another login"),
        (claims(json!({ "nonce": null })), "distrusted", "another login"),
        (claims(json!({ "aud": "another" })), "distrusted", "meant for another client"),
        (claims(json!({ "aud": [provider::CLIENT, "another"] })), "distrusted", "given to another client"),
        (claims(json!({ "azp": "another" })), "distrusted", "given to another client"),
        (claims(json!({ "iss": format!("{}/", provider.issuer) })), "distrusted", "another provider"),
        (claims(json!({ "exp": now() - 61 })), "clock", "expired"),
        (claims(json!({ "exp": null })), "distrusted", "claims cannot be understood"),
        (claims(json!({ "exp": "never" })), "distrusted", "claims cannot be understood"),
        (claims(json!({ "nbf": now() + 900 })), "clock", "not valid yet"),
        (claims(json!({ "nbf": "0" })), "distrusted", "claims cannot be understood"),
        (claims(json!({ "iat": now() + 900 })), "clock", "not valid yet"),
        (claims(json!({ "iat": now() - 900 })), "clock", "before the login began"),
        (claims(json!({ "sub": "" })), "distrusted", "subject"),
        (how(How::None), "distrusted", "the algorithm \"none\""),
        (how(How::PublicHmac), "distrusted", "the algorithm \"HS256\""),
        (how(How::Stranger), "distrusted", "the signature is wrong"),
        (header(json!({ "alg": "RS256" })), "distrusted", "no such key"),
        (header(json!({ "alg": "EdDSA", "kid": null })), "distrusted", "the signature is wrong"),
        (header(json!({ "alg": "HS256", "kid": "no" })), "distrusted", "the algorithm \"HS256\""),
        (header(json!({ "kid": "unknown" })), "distrusted", "no such key"),
        (header(json!({ "crit": ["exp"] })), "distrusted", "not understood here"),
    ];
    for (n, (forge, word, reason)) in forged.iter().enumerate() {
        provider.forges(forge.clone());
        let address = format!("10.1.0.{n}");
        let mut browser = Browser::at(&program, &address);
        assert_eq!(browser.log_in(&provider), format!("/login?refused={word}"), "{forge:?}");
        let entry = newest(&kim, &program, "login.failed");
        let detail = entry["detail"].as_str().unwrap_or_default();
        assert!(detail.starts_with("oidc: ") && detail.contains(reason), "{forge:?}: {detail}");
        assert_eq!(entry["from_address"], address.as_str(), "an entry for each");
        assert_eq!(browser.me().status, 401);
    }
    // Within what clocks may differ, and meant for two but given to us.
    let both = json!({ "aud": ["another", provider::CLIENT], "azp": provider::CLIENT });
    for good in [both, json!({ "exp": now() - 30, "iat": now() - 30 }), json!({ "iat": now() + 30, "nbf": now() + 30 })]
    {
        provider.forges(claims(good.clone()));
        assert_eq!(Browser::at(&program, "10.1.1.1").log_in(&provider), "/inbox", "{good}");
    }
}

#[test]
fn a_way_back_is_good_once_and_for_the_browser_that_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start();
    let setup = setup(folder.path(), &provider, &[]);
    let program = setup.serve();
    let kim = Person::first(&program);
    setup.run(&["users", "add", "lee", "--role", "approver", "--oidc"]);
    let stray = "/login?refused=stray";
    let reason = || newest(&kim, &program, "login.failed")["detail"].as_str().unwrap_or_default().to_owned();

    // Another browser with the state and the code of this one, as after an attack on a login of somebody else.
    let mut browser = Browser::at(&program, "10.2.0.1");
    let query = browser.leave(&provider, "/inbox");
    let mut other = Browser::at(&program, "10.2.0.2");
    assert_eq!(location(&other.come_back(&query)), stray, "without a cookie");
    assert_eq!(location(&browser.come_back(&query)), stray, "used up by the other");
    let query = browser.leave(&provider, "/inbox");
    other.leave(&provider, "/inbox");
    assert_eq!(location(&other.come_back(&query)), stray, "with the cookie of its own way");
    assert_eq!(reason(), "oidc: this browser began no such login, or it was used or took too long");

    // Another state, none, and two.
    let query = browser.leave(&provider, "/inbox");
    let state = provider::pairs(&query)["state"].clone();
    assert_eq!(location(&browser.come_back(&query.replace(&state, &"0".repeat(64)))), stray);
    let query = browser.leave(&provider, "/inbox");
    assert_eq!(location(&browser.come_back(&format!("{query}&state=another"))), stray);
    assert_eq!(location(&browser.come_back("code=x")), stray);

    // Good once.
    let query = browser.leave(&provider, "/inbox");
    assert_eq!(location(&browser.come_back(&query)), "/inbox");
    let code = provider::pairs(&query)["code"].clone();
    let mut again = Browser { cookies: browser.cookies.clone(), ..Browser::at(&program, "10.2.0.3") };
    assert_eq!(location(&again.come_back(&query)), stray, "the same way back");
    // The code of a login that is over, on the way of another.
    let fresh = browser.leave(&provider, "/inbox");
    let replayed = fresh.replace(&provider::pairs(&fresh)["code"], &code);
    assert_eq!(location(&browser.come_back(&replayed)), "/login?refused=denied");
    assert_eq!(reason(), "oidc: the provider says no: 400 Bad Request invalid_grant");

    // Another provider's way back, and one that does not say whose it is.
    let query = browser.leave(&provider, "/inbox");
    let (without, _) = query.split_once("&iss=").expect("it names itself");
    assert_eq!(location(&browser.come_back(&format!("{without}&iss=https://evil.city"))), "/login?refused=distrusted");
    let query = browser.leave(&provider, "/inbox");
    let (without, _) = query.split_once("&iss=").expect("it names itself");
    assert_eq!(location(&browser.come_back(without)), "/login?refused=distrusted");
    assert!(reason().contains("another provider made it"));
    let query = browser.leave(&provider, "/inbox");
    let state = &provider::pairs(&query)["state"];
    let no = format!("state={state}&error=access_denied%0d%0aforged");
    assert_eq!(location(&browser.come_back(&no)), "/login?refused=denied");
    assert_eq!(reason(), "oidc: the provider says no: access_deniedforged");

    // Nobody is sent elsewhere.
    for place in ["https://evil.city", "//evil.city", "/%5Cevil.city", "/%09/evil.city", "evil.city", "/api/v1/me"] {
        let answer = browser.get(&format!("/api/v1/login/oidc?return_to={place}"));
        assert_eq!((answer.status, answer.head.contains("location")), (400, false), "{place}");
    }
    // Who makes up ways back is slowed down, and fills no audit.
    let mut guesser = Browser::at(&program, "10.2.0.9");
    let last = (0..40).map(|n| location(&guesser.come_back(&format!("state={n}&code=x")))).last();
    assert_eq!(last.as_deref(), Some("/login?refused=braked"));
    assert_eq!(location(&guesser.get("/api/v1/login/oidc")), "/login?refused=braked");
    assert_eq!(browser.log_in(&provider), "/inbox", "and nobody else is");
    let body = json!({ "username": "kim", "password": "correct horse battery" }).to_string();
    let opened = guesser.ask("POST", "/api/v1/login", &[("Content-Type", "application/json")], &body);
    assert_eq!(opened.status, 200, "passwords still open");
}

#[test]
fn another_page_that_points_here_is_nobodys_try() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start();
    let setup = setup(folder.path(), &provider, &[]);
    let program = setup.serve();
    Person::first(&program);
    setup.run(&["users", "add", "lee", "--role", "viewer", "--oidc"]);
    let mut browser = Browser::at(&program, "10.8.0.1");
    let query = browser.leave(&provider, "/inbox");
    for shown_as in ["image", "iframe", "empty", "script"] {
        let header = [("Sec-Fetch-Dest", shown_as)];
        for path in ["/api/v1/login/oidc", "/api/v1/login/oidc/callback?state=x&code=y"] {
            for _ in 0..10 {
                assert_eq!(browser.ask("GET", path, &header, "").status, 403, "{shown_as} {path}");
            }
        }
    }
    // Nothing was counted, and the login that waited still waits.
    let path = format!("/api/v1/login/oidc/callback?{query}");
    assert_eq!(location(&browser.ask("GET", &path, &[("Sec-Fetch-Dest", "document")], "")), "/inbox");
}

#[test]
fn a_live_account_is_its_owners_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start();
    let setup = setup(folder.path(), &provider, &[]);
    let program = setup.serve();
    let kim = Person::first(&program);
    let lee = json!({ "username": "lee", "role": "approver" });
    let made = post(&kim, &program, "/api/v1/users", lee.clone()).json();
    let link = made["one_time_link"].as_str().expect("a link").replace("/welcome/", "/api/v1/welcome/");
    assert_eq!(post(&kim, &program, "/api/v1/users/lee/oidc", json!({ "login": "allowed" })).status, 204);
    assert_eq!(http::get(&link).0, 200);
    let mut browser = Browser::at(&program, "10.8.1.1");
    assert_eq!(browser.log_in(&provider), "/inbox");
    // Whoever made the link must not become the person who came.
    assert_eq!(http::get(&link).0, 404);
    assert_eq!(post(&kim, &program, "/api/v1/users", lee).status, 409);

    // It has no password to prove itself by, and can have one-time codes all the same.
    let csrf = browser.me().json()["csrf"].as_str().expect("csrf").to_owned();
    let own = [("x-bongsu-csrf", csrf.as_str()), ("Content-Type", "application/json")];
    let mut totp = |body: Value| browser.ask("POST", "/api/v1/me/totp", &own, &body.to_string());
    let secret = totp(json!({ "do": "begin" })).json()["secret"].as_str().expect("a secret").to_owned();
    let confirm = json!({ "do": "confirm", "password": "", "secret": secret, "code": shown(&secret, now()) });
    assert_eq!(totp(confirm.clone()).status, 204);
    assert_eq!(totp(confirm).status, 403, "those that are there are not replaced by a session alone");

    // Between the provider's word and the code an administrator says no.
    assert_eq!(browser.log_in(&provider), "/login?code=1&return_to=%2Finbox");
    assert_eq!(post(&kim, &program, "/api/v1/users/lee/oidc", json!({ "login": "off" })).status, 204);
    let body = json!({ "code": shown(&secret, now() + 30) }).to_string();
    let answer = browser.ask("POST", "/api/v1/login/oidc/code", &own[1..], &body);
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert_eq!(browser.me().status, 401);
}

#[test]
fn while_the_provider_is_away_passwords_open_accounts() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start();
    let setup = setup(folder.path(), &provider, &[]);
    let program = setup.serve();
    let kim = Person::first(&program);
    for (name, only) in [("lee", false), ("park", true)] {
        let made = post(&kim, &program, "/api/v1/users", json!({ "username": name, "role": "viewer" })).json();
        let link = made["one_time_link"].as_str().expect("a link").replace("/welcome/", "/api/v1/welcome/");
        let body = json!({ "username": name, "password": "correct horse battery" }).to_string();
        assert_eq!(
            http::ask("POST", &link, &[("Content-Type", "application/json")], &body).expect("an answer").status,
            200
        );
        let login = if only { "only" } else { "allowed" };
        let wanted = json!({ "login": login, "subject": format!("subject-of-{name}") });
        assert_eq!(post(&kim, &program, &format!("/api/v1/users/{name}/oidc"), wanted).status, 204);
    }
    // The last administrator with a password keeps it.
    let only = json!({ "login": "only", "subject": "subject-of-kim" });
    assert_eq!(post(&kim, &program, "/api/v1/users/kim/oidc", only).status, 409);

    let ready = || {
        let (status, body) = http::get(&format!("{}/readyz", program.operator));
        let notes = serde_json::from_str::<Value>(&body).expect("JSON")["notes"].clone();
        (status, notes[0]["reason"].as_str().unwrap_or_default().to_owned())
    };
    let mut browser = Browser::at(&program, "10.3.0.1");
    assert_eq!(browser.log_in(&provider), "/inbox");
    assert_eq!(ready(), (200, String::new()));
    let ills = [
        (Ill::Hangs, "no answer within 3 s"),
        (Ill::Status(500), "500"),
        (Ill::Status(401), "401"),
        (Ill::Status(429), "429"),
        (Ill::Status(302), "302"),
        (Ill::Huge, "length limit exceeded"),
    ];
    for (ill, reason) in ills {
        provider.falls_ill("/token", ill);
        let began = Instant::now();
        assert_eq!(browser.log_in(&provider), "/login?refused=away", "{ill:?}");
        assert!(began.elapsed() < Duration::from_secs(10), "{ill:?}");
        let detail = newest(&kim, &program, "login.failed")["detail"].as_str().unwrap_or_default().to_owned();
        assert!(
            detail.starts_with("oidc: the provider cannot be asked") && detail.contains(reason),
            "{ill:?}: {detail}"
        );
        let (status, note) = ready();
        assert!(status == 200 && note.contains(reason), "{ill:?}: {status} {note}");
        provider.recovers();
    }
    assert_eq!(provider.heard("/elsewhere"), 0, "nobody is followed elsewhere");
    provider.falls_ill("/token", Ill::Nonsense);
    assert_eq!(browser.log_in(&provider), "/login?refused=distrusted");
    provider.recovers();
    assert_eq!(log_in_by_password(&program, "lee", "correct horse battery"), 200);
    assert_eq!(log_in_by_password(&program, "park", "correct horse battery"), 401, "the provider alone opens it");
    provider.forges(Forge { claims: json!({ "sub": "subject-of-park" }), ..Forge::default() });
    assert_eq!(browser.log_in(&provider), "/inbox");
    assert_eq!(browser.me().json()["user"], "park");
}

#[test]
fn what_the_provider_says_of_itself_is_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start();
    provider.says(json!({ "issuer": format!("{}/", provider.issuer) }));
    let setup = setup(folder.path(), &provider, &[]);
    let program = setup.serve();
    let mut browser = Browser::at(&program, "10.4.0.1");
    let refused = |browser: &mut Browser<'_>| location(&browser.get("/api/v1/login/oidc"));
    assert_eq!(refused(&mut browser), "/login?refused=away", "another issuer, if only by a slash");
    let doctor = |expected: &str| {
        let output = setup.command(&["doctor", "--json"]).output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = told.lines().find(|line| line.contains("oidc provider")).expect("a finding");
        assert!(line.contains(expected) && !line.contains("\"fail\""), "{line}");
    };
    doctor("speaks for");
    provider.says(json!({ "token_endpoint": "http://id.example.city/token" }));
    doctor("secrets must not travel to");
    provider.says(json!({}));
    doctor("answers");
    // After a moment it is asked again.
    let deadline = Instant::now() + Duration::from_secs(30);
    while refused(&mut browser).starts_with("/login") {
        assert!(Instant::now() < deadline, "it is never asked again");
        std::thread::sleep(Duration::from_millis(500));
    }
    // Keys change; one that nobody knows lets them be asked for again, and not each time.
    let kim = Person::first(&program);
    assert_eq!(post(&kim, &program, "/api/v1/users", json!({ "username": "lee", "role": "viewer" })).status, 200);
    assert_eq!(post(&kim, &program, "/api/v1/users/lee/oidc", json!({ "login": "allowed" })).status, 204);
    assert_eq!(browser.log_in(&provider), "/inbox");
    assert_eq!(provider.heard("/keys"), 1);
    provider.rotates("p256-b");
    assert_eq!(browser.log_in(&provider), "/inbox");
    assert_eq!(provider.heard("/keys"), 2);
    for n in 0..5 {
        provider.forges(Forge { header: json!({ "kid": format!("made-up-{n}") }), ..Forge::default() });
        assert_eq!(browser.log_in(&provider), "/login?refused=distrusted");
    }
    assert_eq!(provider.heard("/keys"), 2, "at most once a minute");
}

/// What an authenticator app (RFC 6238) shows at a time for the secret that the API shows.
fn shown(secret: &str, seconds: i64) -> String {
    let bits: String = secret
        .bytes()
        .map(|letter| format!("{:05b}", if letter.is_ascii_digit() { letter - b'2' + 26 } else { letter - b'A' }))
        .collect();
    let bytes: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|bits| u8::from_str_radix(std::str::from_utf8(bits).expect("bits"), 2).expect("bits"))
        .collect();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let tag = ring::hmac::sign(&key, &(seconds / 30).to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let four: [u8; 4] = tag.as_ref()[at..at + 4].try_into().expect("four");
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

#[test]
fn a_one_time_code_is_still_owed_unless_the_city_says_otherwise() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start();
    let mut setup = setup(folder.path(), &provider, &[]);
    let mut program = setup.serve();
    let kim = Person::first(&program);
    let secret = post(&kim, &program, "/api/v1/me/totp", json!({ "do": "begin" })).json()["secret"].clone();
    let secret = secret.as_str().expect("a secret").to_owned();
    let confirm = json!({ "do": "confirm", "password": "correct horse battery", "secret": secret, "code": shown(&secret, now()) });
    assert_eq!(post(&kim, &program, "/api/v1/me/totp", confirm).status, 204);
    let wanted = json!({ "login": "allowed", "subject": "subject-of-lee" });
    assert_eq!(post(&kim, &program, "/api/v1/users/kim/oidc", wanted).status, 204);

    let mut browser = Browser::at(&program, "10.5.0.1");
    assert_eq!(browser.log_in(&provider), "/login?code=1&return_to=%2Finbox");
    assert_eq!(browser.me().status, 401, "not yet");
    let code = |browser: &mut Browser<'_>, code: &str| {
        let body = json!({ "code": code }).to_string();
        browser.ask("POST", "/api/v1/login/oidc/code", &[("Content-Type", "application/json")], &body)
    };
    assert_eq!(code(&mut Browser::at(&program, "10.5.0.2"), &shown(&secret, now())).status, 401, "another browser");
    assert_eq!(code(&mut browser, "000000").status, 401);
    // The code that set it up is used up, and the next is taken a little early.
    let answer = code(&mut browser, &shown(&secret, now() + 30));
    assert_eq!((answer.status, &answer.json()["user"]), (200, &json!("kim")), "{}", answer.body);
    assert_eq!(browser.me().status, 200);
    assert_eq!(code(&mut browser, &shown(&secret, now())).status, 401, "nobody waits any more");

    program.kill();
    setup.env.push(("BONGSU_OPERATOR__OIDC__ONE_TIME_CODES".into(), "false".into()));
    let program = setup.serve();
    let mut browser = Browser::at(&program, "10.5.0.1");
    assert_eq!(browser.log_in(&provider), "/inbox");
    assert_eq!(browser.me().status, 200);
}

#[test]
fn inside_tls_the_provider_is_who_its_certificate_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let certs = folder.path().join("certs");
    let maker = Setup::anonymous(folder.path());
    maker.run(&["certs", "dev", &certs.to_string_lossy()]);
    let provider = Provider::inside_tls(&certs);
    let mut setup = setup(folder.path(), &provider, &[]);
    let mut program = setup.serve();
    let answer = Browser::at(&program, "10.6.0.1").get("/api/v1/login/oidc");
    assert_eq!(location(&answer), "/login?refused=away", "nobody knows who signed its certificate");
    program.kill();
    let ca = certs.join("ca.pem").to_string_lossy().into_owned();
    setup.env.push(("BONGSU_OPERATOR__OIDC__CA".into(), ca));
    let program = setup.serve();
    let added = setup.run(&["users", "add", "lee", "--role", "viewer", "--oidc", "--only"]);
    assert_eq!(added, "done\n", "no link, because there is no password to choose");
    let mut browser = Browser::at(&program, "10.6.0.1");
    assert_eq!(browser.log_in(&provider), "/inbox");
    assert_eq!(browser.me().json()["user"], "lee");
}

#[test]
fn a_city_without_a_login_of_its_own_has_nothing_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    city::write(folder.path(), &city::stations(1, "river_stage", ""), &[]);
    let program = Setup::anonymous(folder.path()).serve();
    let kim = Person::first(&program);
    assert!(!http::get(&program.operator).1.contains("oidc"));
    let mut browser = Browser::at(&program, "10.7.0.1");
    assert_eq!(browser.get("/api/v1/login/oidc").status, 404);
    assert_eq!(browser.come_back("state=x&code=y").status, 404);
    let refused = post(&kim, &program, "/api/v1/users/kim/oidc", json!({ "login": "allowed" }));
    assert!(refused.status == 409 && refused.body.contains("[operator.oidc]"), "{}", refused.body);
}
