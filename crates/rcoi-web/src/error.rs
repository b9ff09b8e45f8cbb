//! Refusals: one type for the JSON API and the pages, with a Russian message; bad input is never a 5xx.

use crate::backend::BackendError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A refusal with a status, a stable code for programs and a message for people.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u64>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", message)
    }

    pub(crate) fn not_signed_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not-signed-in", "Сеанс закончился или не начат: войдите в систему.")
    }

    pub(crate) fn no_csrf() -> Self {
        Self::new(StatusCode::FORBIDDEN, "csrf", "Запрос без верного знака сеанса (x-csrf-token): обновите страницу.")
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Вашей роли это не разрешено.")
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Такого здесь нет.")
    }

    pub(crate) fn wait(seconds: u64) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            code: "wait",
            message: format!("Слишком много попыток. Подождите {seconds} с."),
            retry_after: Some(seconds),
        }
    }
}

impl From<BackendError> for Problem {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "not-found", error.to_string()),
            BackendError::Refused(why) => Self::unprocessable(why),
            BackendError::Conflict(why) => Self::new(StatusCode::CONFLICT, "conflict", why),
            BackendError::Internal(why) => {
                tracing::error!(error = %why, "the backend failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Внутренняя ошибка. Она записана в журнал.")
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": self.code, "message": self.message });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
