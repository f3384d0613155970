//! Somebody at the operators' console.

use crate::http;
use crate::program::Program;
use serde_json::{Value, json};

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The session's cookie.
    pub cookie: String,
    /// What requests that change something carry.
    pub csrf: String,
}

impl Person {
    /// The first administrator, by the link that the first start prints.
    ///
    /// # Panics
    /// There is no link, or it lets nobody in.
    pub fn first(program: &Program) -> Person {
        let link = program.welcome.clone().expect("the first start prints a link");
        let url = link.replace("/welcome/", "/api/v1/welcome/");
        let body = json!({ "username": "kim", "password": "correct horse battery" }).to_string();
        let answer = http::ask("POST", &url, &[("Content-Type", "application/json")], &body).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
        let csrf = answer.json()["csrf"].as_str().expect("csrf").to_owned();
        Person { cookie: answer.cookie().expect("a cookie"), csrf }
    }

    /// What every request of theirs carries.
    pub fn headers(&self) -> [(&str, &str); 3] {
        [("Cookie", &self.cookie), ("x-bongsu-csrf", &self.csrf), ("Content-Type", "application/json")]
    }

    /// What stands under a path of the operators' plane.
    ///
    /// # Panics
    /// It is not there, or not for them.
    pub fn get(&self, program: &Program, path: &str) -> Value {
        let answer = http::ask("GET", &format!("{}{path}", program.operator), &self.headers(), "").expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }
}
