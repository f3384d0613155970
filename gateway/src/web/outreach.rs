//! The only things citizens may write: subscribe, confirm, unsubscribe, report. Everything else on their plane is read.
//!
//! Bodies are JSON, or a form for pages without scripts; a form is answered with a small page, JSON with JSON. Letters
//! lead to pages that ask once more, because mail scanners open every address they find.

use super::Web;
use super::problem::{Problem, quoted};
use crate::alert::words::Language;
use crate::channel::push::Subscription;
use crate::outreach::{Office, Refused, Wish};
use crate::store::Report;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bongsu_rules::hazard;
use bongsu_sensors::{Level, Time};
use maud::{DOCTYPE, html};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of the longest honest body.
pub const BODY: usize = 16 * 1024;

/// Most areas or hazards in one wish.
const LISTED: usize = 64;

/// Longest name of a device: a random number as it makes one itself.
const DEVICE: usize = 64;

/// What citizens may see, with the pictures they choose from: a water depth by what of a person it reaches, what is
/// broken, how a shock was felt.
const SIGHTS: &[(&str, &[&str])] = &[
    ("depth", &["ankle", "knee", "waist", "chest", "over_head"]),
    ("damage", &["crack", "lean", "collapse", "blocked", "smoke"]),
    ("felt", &["weak", "moderate", "strong", "violent"]),
];

/// What was sent, field by field: of a form, or of a JSON object.
struct Said {
    fields: BTreeMap<String, Value>,
    is_form: bool,
    language: Language,
}

impl Said {
    fn read(web: &Web, headers: &HeaderMap, body: &Bytes) -> Result<Said, Problem> {
        let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_form = media.starts_with("application/x-www-form-urlencoded");
        let malformed = || Problem::bad_request("the body cannot be read", "send a form, or a JSON object");
        let fields: BTreeMap<String, Value> = if is_form {
            let text = std::str::from_utf8(body).map_err(|_| malformed())?;
            let uri: Uri = format!("/?{text}").parse().map_err(|_| malformed())?;
            let Query(pairs): Query<Vec<(String, String)>> = Query::try_from_uri(&uri).map_err(|_| malformed())?;
            let mut fields: BTreeMap<String, Value> = BTreeMap::new();
            // A box that is ticked several times becomes a list.
            for (key, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
                match fields.get_mut(&key) {
                    Some(Value::String(first)) => {
                        let both = json!([first, value]);
                        fields.insert(key, both);
                    }
                    Some(Value::Array(list)) => list.push(value.into()),
                    _ => drop(fields.insert(key, value.into())),
                }
            }
            fields
        } else {
            serde_json::from_slice(body).map_err(|_| malformed())?
        };
        let tag = fields.get("lang").and_then(Value::as_str);
        let language = tag.and_then(Language::of_tag).unwrap_or_else(|| web.shared.languages()[0]);
        Ok(Said { fields, is_form, language })
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    fn required(&self, key: &str, example: &str) -> Result<&str, Problem> {
        let missing = || Problem::bad_request(format!("`{key}` is missing"), format!("write it as {example}"));
        self.text(key).ok_or_else(missing)
    }

    fn list(&self, key: &str) -> Result<Vec<String>, Problem> {
        let list: Vec<String> = match self.fields.get(key) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) => text.split(',').map(|part| part.trim().to_owned()).collect(),
            Some(Value::Array(parts)) => parts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(_) => return Err(Problem::bad_request(format!("`{key}` is no list"), "write [\"…\", \"…\"]")),
        };
        if list.len() > LISTED {
            return Err(Problem::bad_request(format!("`{key}` lists too many"), format!("write at most {LISTED}")));
        }
        Ok(list.into_iter().filter(|part| !part.is_empty()).collect())
    }

    fn wish(&self, web: &Web) -> Result<Wish, Problem> {
        let (areas, hazards) = (self.list("areas")?, self.list("hazards")?);
        for code in &areas {
            known_area(web, code)?;
        }
        for name in &hazards {
            known_hazard(name)?;
        }
        let level = self.text("level").map_or(Ok(Level::Watch), |text| {
            text.parse().map_err(|wrong: String| Problem::bad_request("`level` is none", wrong))
        })?;
        Ok(Wish { areas, hazards, level, language: self.language })
    }
}

fn known_area(web: &Web, code: &str) -> Result<(), Problem> {
    let city = web.shared.catalog();
    let is_known = city.is_some_and(|city| city.area_named(code).is_some());
    let remedy = "/api/v1/stations names the area of each station";
    if is_known { Ok(()) } else { Err(Problem::bad_request(format!("there is no area {}", quoted(code)), remedy)) }
}

fn known_hazard(name: &str) -> Result<(), Problem> {
    let names: Vec<&str> = hazard::ALL.iter().map(|hazard| hazard.name).collect();
    let wrong = format!("there is no hazard {}", quoted(name));
    if names.contains(&name) {
        Ok(())
    } else {
        Err(Problem::bad_request(wrong, format!("write one of: {}", names.join(", "))))
    }
}

fn office(web: &Web) -> Result<Arc<Office>, Problem> {
    web.shared.office().ok_or_else(Problem::busy)
}

fn problem(refused: Refused) -> Problem {
    let status = match refused {
        Refused::NoChannel(_) => StatusCode::NOT_FOUND,
        Refused::Address(_) => StatusCode::BAD_REQUEST,
        Refused::TooOften => StatusCode::TOO_MANY_REQUESTS,
        Refused::Store => StatusCode::SERVICE_UNAVAILABLE,
    };
    Problem { status, error: refused.to_string(), remedy: "see /subscribe".into() }
}

/// What is said back: a page to a form, JSON to anything else.
fn answer(web: &Web, said: &Said, status: StatusCode, words: &str, body: Value) -> Response {
    if said.is_form {
        page(web, said.language, status, words, None)
    } else {
        (status, super::json_of(&body)).into_response()
    }
}

/// A small page: what happened, and perhaps a button.
fn page(web: &Web, language: Language, status: StatusCode, words: &str, button: Option<&str>) -> Response {
    let body = html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { (words) }
            }
            body {
                main {
                    h1 { (web.shared.sender_name()) }
                    p { (words) }
                    @if let Some(button) = button { form method="post" { button type="submit" { (button) } } }
                    p { a href=(format!("{}/?lang={}", web.shared.base_path(), language.code())) { (language.one(["지금 상황 보기", "Situation now", "查看现在的情况", "いまの状況を見る"])) } }
                }
            }
        }
    };
    let mut response = (status, body.into_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `POST /api/v1/subscriptions`: `channel` is `email` with `address`, or `push` with `subscription`; `areas`, `hazards`,
/// `level` and `lang` say what is wanted.
pub async fn subscribe(State(web): State<Web>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let said = Said::read(&web, &headers, &body)?;
    let wish = said.wish(&web)?;
    let office = office(&web)?;
    if said.text("channel") == Some("push") {
        let wanted = said.fields.get("subscription").cloned().unwrap_or_default();
        let subscription: Subscription = serde_json::from_value(wanted).map_err(|_| {
            Problem::bad_request("`subscription` is none", "send what PushManager.subscribe() answers, as JSON")
        })?;
        let token = office.subscribe_push(&subscription, wish).await.map_err(problem)?;
        return Ok(
            (StatusCode::CREATED, super::json_of(&json!({"status": "subscribed", "token": token}))).into_response()
        );
    }
    let address = said.required("address", "name@example.com")?;
    office.subscribe_email(address, wish).await.map_err(problem)?;
    let words = said.language.one([
        "확인 편지를 보냈습니다. 편지에 있는 주소를 열어야 신청이 끝납니다.",
        "We have sent you a letter. Open the address in it to finish.",
        "确认邮件已发出。请打开邮件中的网址完成申请。",
        "確認のメールを送りました。メールのアドレスを開くと申し込みが終わります。",
    ]);
    Ok(answer(&web, &said, StatusCode::ACCEPTED, words, json!({"status": "confirm"})))
}

/// The language of a page that a letter leads to.
fn asked(web: &Web, headers: &HeaderMap) -> Language {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').find_map(Language::of_tag).unwrap_or_else(|| web.shared.languages()[0])
}

const CONFIRM: [&str; 4] = ["재난 알림을 받겠습니다", "Yes, warn me", "我要接收灾害通知", "お知らせを受け取ります"];
const UNSUBSCRIBE: [&str; 4] =
    ["알림을 그만 받고 주소를 지웁니다", "Stop and erase my address", "停止接收并删除地址", "配信を止めて消去します"];

/// `GET /subscriptions/{token}/confirm` and `…/unsubscribe`: asks once more.
pub async fn ask(State(web): State<Web>, Path((_, what)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let language = asked(&web, &headers);
    let button = match what.as_str() {
        "confirm" => CONFIRM,
        "unsubscribe" => UNSUBSCRIBE,
        _ => return Problem::no_such_path().into_response(),
    };
    let words = language.one([
        "아래 단추를 눌러 주세요.",
        "Please press the button.",
        "请按下面的按钮。",
        "下のボタンを押してください。",
    ]);
    page(&web, language, StatusCode::OK, words, Some(language.one(button)))
}

/// `POST` to the same: does it. A mail program that unsubscribes by itself posts here too (RFC 8058).
pub async fn act(
    State(web): State<Web>,
    Path((token, what)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let language = asked(&web, &headers);
    let office = office(&web)?;
    let (done, words) = match what.as_str() {
        "confirm" => (
            office.confirm(&token).await.map_err(problem)?,
            [
                "이제 재난 알림을 보내 드립니다.",
                "You will be warned.",
                "我们会向您发送灾害通知。",
                "これからお知らせを送ります。",
            ],
        ),
        "unsubscribe" => (
            office.erase(&token).await.map_err(problem)?,
            ["주소를 지웠습니다.", "Your address is erased.", "地址已删除。", "アドレスを消去しました。"],
        ),
        _ => return Ok(Problem::no_such_path().into_response()),
    };
    if done {
        return Ok(page(&web, language, StatusCode::OK, language.one(words), None));
    }
    let unknown = language.one([
        "그런 신청이 없습니다. 이미 지워졌을 수 있습니다.",
        "There is no such subscription. It may be erased already.",
        "没有这个申请，可能已经删除。",
        "その申し込みはありません。すでに消去されたのかもしれません。",
    ]);
    Ok(page(&web, language, StatusCode::NOT_FOUND, unknown, None))
}

/// `DELETE /api/v1/subscriptions/{token}`: erases.
pub async fn unsubscribe(State(web): State<Web>, Path(token): Path<String>) -> Result<Response, Problem> {
    match office(&web)?.erase(&token).await.map_err(problem)? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(Problem::not_found("there is no such subscription", "it may be erased already")),
    }
}

/// `GET /api/v1/push/key`: what browsers subscribe with.
pub async fn push_key(State(web): State<Web>) -> Result<Response, Problem> {
    let office = office(&web)?;
    let key = office.push_key().ok_or_else(|| problem(Refused::NoChannel("web push")))?;
    Ok(super::json_of(&json!({"key": key})))
}

/// `POST /api/v1/reports`: what a citizen saw. It is shown to operators beside what sensors say.
pub async fn report(State(web): State<Web>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let said = Said::read(&web, &headers, &body)?;
    let area = said.required("area", "the code of a district")?;
    known_area(&web, area)?;
    let hazard = said.required("hazard", "river_flood")?;
    known_hazard(hazard)?;
    let what = said.required("what", "depth, damage or felt")?;
    let value = said.required("value", "knee")?;
    let sight = SIGHTS.iter().find(|(name, _)| *name == what);
    let (_, values) = sight.ok_or_else(|| {
        Problem::bad_request(format!("`what` cannot be {}", quoted(what)), "write depth, damage or felt")
    })?;
    if !values.contains(&value) {
        let remedy = format!("write one of: {}", values.join(", "));
        return Err(Problem::bad_request(format!("`value` cannot be {}", quoted(value)), remedy));
    }
    let device = said.required("device", "a random number that the device made itself and keeps")?;
    if !(16..=DEVICE).contains(&device.len()) {
        let wrong = "`device` must be 16 to 64 characters";
        return Err(Problem::bad_request(wrong, "make a random number once, and keep it on the device"));
    }
    let report = Report {
        received: Time::default(),
        hazard: hazard.to_owned(),
        area: area.to_owned(),
        what: what.to_owned(),
        value: value.to_owned(),
        token: Vec::new(),
    };
    let is_new = office(&web)?.report(device, report).await.map_err(problem)?;
    let words = said.language.one([
        "알려 주셔서 고맙습니다.",
        "Thank you for telling us.",
        "谢谢您的告知。",
        "ご連絡ありがとうございます。",
    ]);
    Ok(answer(&web, &said, StatusCode::ACCEPTED, words, json!({"status": "taken", "new": is_new})))
}
