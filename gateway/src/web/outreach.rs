//! The only things citizens may write: subscribe, confirm, unsubscribe, report. Everything else on their plane is read.
//!
//! Bodies are JSON, or a form for pages without scripts; a form is answered with a small page, JSON with JSON. Letters
//! lead to pages that ask once more, because mail scanners open every address they find.

mod said;
// What may be seen, with its words and pictures.
pub mod sight;

use super::Web;
use super::page::{self, Form, REPORTING, Reader, SUBSCRIBING};
use super::problem::Problem;
use crate::channel::push::Subscription;
use crate::outreach::{Office, Refused};
use crate::store::Report;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bongsu_sensors::Time;
use said::{Said, Wrong};
use serde_json::{Value, json};
use std::sync::Arc;

/// Bytes of the longest honest body.
pub const BODY: usize = 16 * 1024;

fn office(web: &Web) -> Result<Arc<Office>, Wrong> {
    web.shared.office().ok_or_else(Wrong::busy)
}

/// What is said back: a page to a form, JSON to anything else.
fn taken(web: &Web, said: &Said, words: [&'static str; 4], body: &Value) -> Response {
    if said.is_form {
        told(web, said.reader, StatusCode::ACCEPTED, words, None)
    } else {
        (StatusCode::ACCEPTED, super::json_of(body)).into_response()
    }
}

/// The same where it is not taken: a form comes back as it was filled in, with what is wrong beside its field.
fn refused(web: &Web, said: &Said, wrong: Wrong, form: Form) -> Response {
    if !said.is_form {
        return wrong.problem.into_response();
    }
    let status = wrong.problem.status;
    page::form(&web.shared, said.reader, status, &said.filled(wrong.told), form)
}

/// A small page: what happened, and perhaps a button.
fn told(
    web: &Web,
    reader: Reader,
    status: StatusCode,
    words: [&'static str; 4],
    button: Option<[&'static str; 4]>,
) -> Response {
    page::told(&web.shared, reader, status, words, button)
}

/// `POST /api/v1/subscriptions`: `channel` is `email` with `address`, or `push` with `subscription`; `areas`, `hazards`,
/// `level` and `lang` say what is wanted.
pub async fn subscribe(State(web): State<Web>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let said = Said::read(&web, &headers, &body)?;
    let done = enrol(&web, &said).await;
    Ok(done.unwrap_or_else(|wrong| refused(&web, &said, wrong, SUBSCRIBING)))
}

async fn enrol(web: &Web, said: &Said) -> Result<Response, Wrong> {
    let wish = said.wish(web)?;
    let office = office(web)?;
    if said.text("channel") == Some("push") {
        let wanted = said.fields.get("subscription").cloned().unwrap_or_default();
        let subscription: Subscription = serde_json::from_value(wanted).map_err(|_| {
            let remedy = "send what PushManager.subscribe() answers, as JSON";
            Wrong::field("subscription", "`subscription` is none", remedy)
        })?;
        let token = office.subscribe_push(&subscription, wish).await?;
        let body = json!({"status": "subscribed", "token": token});
        return Ok((StatusCode::CREATED, super::json_of(&body)).into_response());
    }
    let address = said.required("address", "name@example.com")?;
    office.subscribe_email(address, wish).await?;
    let words = [
        "확인 메일을 보냈습니다. 메일에 있는 주소를 열면 신청이 끝납니다. 메일이 없으면 스팸함을 보세요.",
        "We have sent you an e-mail. Open the address in it to finish. If it does not come, look among the spam.",
        "确认邮件已发出。打开邮件中的网址即完成申请。如未收到，请查看垃圾邮件。",
        "確認のメールを送りました。メールのアドレスを開くと申し込みが終わります。届かないときは迷惑メールもご覧ください。",
    ];
    Ok(taken(web, said, words, &json!({"status": "confirm"})))
}

const CONFIRM: [&str; 4] = ["재난 알림을 받겠습니다", "Yes, warn me", "我要接收灾害通知", "お知らせを受け取ります"];
const UNSUBSCRIBE: [&str; 4] =
    ["알림을 그만 받고 주소를 지웁니다", "Stop and erase my address", "停止接收并删除地址", "配信を止めて消去します"];

/// `GET /subscriptions/{token}/confirm` and `…/unsubscribe`: asks once more.
pub async fn ask(
    State(web): State<Web>,
    Path((_, what)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let reader = page::reader(&web.shared, &uri, &headers);
    let button = match what.as_str() {
        "confirm" => CONFIRM,
        "unsubscribe" => UNSUBSCRIBE,
        _ => return Problem::no_such_path().into_response(),
    };
    let words = [
        "아래 단추를 눌러야 끝납니다.",
        "Press the button to finish.",
        "请按下面的按钮完成。",
        "下のボタンを押すと終わります。",
    ];
    told(&web, reader, StatusCode::OK, words, Some(button))
}

/// `POST` to the same: does it. A mail program that unsubscribes by itself posts here too (RFC 8058).
pub async fn act(
    State(web): State<Web>,
    Path((token, what)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let reader = page::reader(&web.shared, &uri, &headers);
    let office = office(&web).map_err(|wrong| wrong.problem)?;
    let done = match what.as_str() {
        "confirm" => office.confirm(&token).await,
        "unsubscribe" => office.erase(&token).await,
        _ => return Ok(Problem::no_such_path().into_response()),
    };
    let words = match (done.map_err(|refused| Wrong::from(refused).problem)?, what.as_str()) {
        (true, "confirm") => [
            "신청이 끝났습니다. 고른 지역에 위험이 생기면 메일로 알려 드립니다.",
            "You are subscribed. When there is danger where you chose, we will write to you.",
            "申请完成。您选择的地区出现危险时，我们会发邮件通知。",
            "申し込みが終わりました。選んだ地域に危険があればメールでお知らせします。",
        ],
        (true, _) => ["주소를 지웠습니다.", "Your address is erased.", "地址已删除。", "アドレスを消去しました。"],
        (false, _) => {
            let unknown = [
                "그런 신청이 없습니다. 이미 지워졌을 수 있습니다.",
                "There is no such subscription. It may be erased already.",
                "没有这个申请，可能已经删除。",
                "その申し込みはありません。すでに消去されたのかもしれません。",
            ];
            return Ok(told(&web, reader, StatusCode::NOT_FOUND, unknown, None));
        }
    };
    Ok(told(&web, reader, StatusCode::OK, words, None))
}

/// `DELETE /api/v1/subscriptions/{token}`: erases.
pub async fn unsubscribe(State(web): State<Web>, Path(token): Path<String>) -> Result<Response, Problem> {
    let office = office(&web).map_err(|wrong| wrong.problem)?;
    match office.erase(&token).await.map_err(|refused| Wrong::from(refused).problem)? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(Problem::not_found("there is no such subscription", "it may be erased already")),
    }
}

/// `GET /api/v1/push/key`: what browsers subscribe with.
pub async fn push_key(State(web): State<Web>) -> Result<Response, Problem> {
    let office = office(&web).map_err(|wrong| wrong.problem)?;
    let key = office.push_key().ok_or_else(|| Wrong::from(Refused::NoChannel("web push")).problem)?;
    Ok(super::json_of(&json!({"key": key})))
}

/// `POST /api/v1/reports`: what a citizen saw. It is shown to operators beside what sensors say.
pub async fn report(State(web): State<Web>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let said = Said::read(&web, &headers, &body)?;
    let done = take(&web, &said).await;
    Ok(done.unwrap_or_else(|wrong| refused(&web, &said, wrong, REPORTING)))
}

async fn take(web: &Web, said: &Said) -> Result<Response, Wrong> {
    let (sight, value) = said.sight()?;
    let report = Report {
        received: Time::default(),
        area: said.area(web)?.to_owned(),
        hazard: said.hazard(sight)?,
        what: sight.name.to_owned(),
        value: value.to_owned(),
        token: Vec::new(),
    };
    let is_new = office(web)?.report(said.device()?, report).await?;
    let words = [
        "알려 주셔서 고맙습니다. 상황 근무자가 봅니다. 구조가 필요하면 119에 전화하세요.",
        "Thank you. The officers on duty will see it. If you need rescue, call 119.",
        "谢谢您的告知，值班人员会看到。需要救援请拨打119。",
        "ご連絡ありがとうございます。担当者が確認します。救助が必要なら119に電話してください。",
    ];
    Ok(taken(web, said, words, &json!({"status": "taken", "new": is_new})))
}
