"""What can go wrong, as classes. Each has a stable `code` and a `kind`.

No HTTP here: `api/error_handlers.py` is the one place that turns a kind into a status.
A message is written for the person who sent the request; it never holds the text of a
foreign exception, a path or a secret.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar


class Kind(StrEnum):
    """What the caller can do about an error."""

    BAD_INPUT = "bad_input"  # the bytes are not a usable image
    INVALID = "invalid"  # a parameter is malformed or out of range
    TOO_LARGE = "too_large"  # more bytes than allowed
    TOO_SLOW = "too_slow"  # the bytes did not arrive in time
    UNSUPPORTED = "unsupported"  # a type that is not served
    UNAUTHENTICATED = "unauthenticated"  # who is asking is not known
    FORBIDDEN = "forbidden"  # who is asking may not do this
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    CANCELLED = "cancelled"
    LIMITED = "limited"  # this caller has had its share: `retry_after_seconds`
    OVERLOADED = "overloaded"  # try again later: `retry_after_seconds`
    UNAVAILABLE = "unavailable"  # a part that is needed is away: try again later
    TIMED_OUT = "timed_out"
    INTERNAL = "internal"


class SightglassError(Exception):
    """The root of every error that this package raises on purpose.

    `message` is safe to show. `details` are extra JSON fields for the answer.
    """

    code: ClassVar[str] = "internal_error"
    kind: ClassVar[Kind] = Kind.INTERNAL
    default_message: ClassVar[str] = "Something went wrong on our side."

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.message = message or self.default_message
        self.details = details
        super().__init__(self.message)


# --- the bytes ---------------------------------------------------------------------------


class NotAnImageError(SightglassError):
    code = "not_an_image"
    kind = Kind.BAD_INPUT
    default_message = "The bytes are not an image."


class EmptyImageError(NotAnImageError):
    code = "empty_image"
    default_message = "The image is empty: zero bytes were received."


class BrokenImageError(SightglassError):
    code = "broken_image"
    kind = Kind.BAD_INPUT
    default_message = "The image is damaged and cannot be decoded."


class TruncatedImageError(BrokenImageError):
    code = "truncated_image"
    default_message = "The image ends before its data does."


class UnsupportedTypeError(SightglassError):
    code = "unsupported_type"
    kind = Kind.UNSUPPORTED
    default_message = "Images of this type are not served."


class TooManyBytesError(SightglassError):
    code = "too_many_bytes"
    kind = Kind.TOO_LARGE
    default_message = "The upload is larger than allowed."


class TooManyPixelsError(SightglassError):
    code = "too_many_pixels"
    kind = Kind.INVALID
    default_message = "The image has more pixels than allowed."


class TooManyFramesError(SightglassError):
    code = "too_many_frames"
    kind = Kind.INVALID
    default_message = "The image has more frames or pages than allowed."


# --- the request -------------------------------------------------------------------------


class MissingImageError(SightglassError):
    code = "missing_image"
    kind = Kind.BAD_INPUT
    default_message = (
        "No image in the request: send a multipart field `file`, the image as the body, "
        'or JSON {"image": base64}.'
    )


class UploadTimeoutError(SightglassError):
    code = "upload_timeout"
    kind = Kind.TOO_SLOW
    default_message = "The upload took too long to arrive."


class TooManyImagesError(SightglassError):
    code = "too_many_images"
    kind = Kind.INVALID
    default_message = "The request holds several images; send one at a time."


class BrokenMultipartError(SightglassError):
    code = "broken_multipart"
    kind = Kind.BAD_INPUT
    default_message = "The multipart body is malformed."


class BrokenBase64Error(SightglassError):
    code = "broken_base64"
    kind = Kind.BAD_INPUT
    default_message = "The field `image` is not valid base64."


class BrokenJsonError(SightglassError):
    code = "broken_json"
    kind = Kind.BAD_INPUT
    default_message = "The body is not a JSON object with a field `image`."


class InvalidParameterError(SightglassError):
    code = "invalid_parameter"
    kind = Kind.INVALID
    default_message = "A parameter is malformed or out of range."


class UnknownModelError(SightglassError):
    code = "unknown_model"
    kind = Kind.NOT_FOUND
    default_message = "No model of that name is served here."


class NoModelCardError(SightglassError):
    code = "no_model_card"
    kind = Kind.NOT_FOUND
    default_message = "The model that is served came without a model card."


class UnknownTaskError(SightglassError):
    code = "unknown_task"
    kind = Kind.NOT_FOUND
    default_message = "No task has this id: it was never issued, or its result has expired."


class UnknownPredictionError(SightglassError):
    code = "unknown_prediction"
    kind = Kind.NOT_FOUND
    default_message = "No prediction has this id."


class ImageNotKeptError(SightglassError):
    code = "image_not_kept"
    kind = Kind.NOT_FOUND
    default_message = "The picture of this prediction is not kept, or no longer."


class TaskFinishedError(SightglassError):
    code = "task_finished"
    kind = Kind.CONFLICT
    default_message = "The task has already ended and cannot be cancelled."


class TaskNotRetryableError(SightglassError):
    code = "task_not_retryable"
    kind = Kind.CONFLICT
    default_message = "Only a task that failed or was cancelled can be tried again."


class TaskCancelledError(SightglassError):
    code = "task_cancelled"
    kind = Kind.CANCELLED
    default_message = "The task was cancelled."


# --- access ------------------------------------------------------------------------------


class ApiKeyMissingError(SightglassError):
    code = "api_key_missing"
    kind = Kind.UNAUTHENTICATED
    default_message = "Send an API key: header `X-API-Key`, or `Authorization: Bearer`."


class ApiKeyInvalidError(SightglassError):
    """Unknown, revoked and expired alike: a stranger learns nothing of which keys there are."""

    code = "api_key_invalid"
    kind = Kind.UNAUTHENTICATED
    default_message = "This API key is not valid, or not any more."


class ScopeMissingError(SightglassError):
    code = "scope_missing"
    kind = Kind.FORBIDDEN
    default_message = "This API key may not do that."


# --- the platform ------------------------------------------------------------------------


class RetryLaterError(SightglassError):
    """Base of the errors that pass by themselves; `retry_after_seconds` says when to return."""

    kind = Kind.UNAVAILABLE

    def __init__(
        self, message: str | None = None, *, retry_after_seconds: float = 1.0, **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.retry_after_seconds = retry_after_seconds


class OverloadedError(RetryLaterError):
    code = "overloaded"
    kind = Kind.OVERLOADED
    default_message = "More requests are waiting than can be served in time."


class KeyLimitError(RetryLaterError):
    """Base of the refusals of a key that has used what it may; `allowance` says what is left."""

    kind = Kind.LIMITED
    result: ClassVar[str]  # in metrics

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after_seconds: float = 1.0,
        allowance: object = None,
        **details: Any,
    ) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds, **details)
        self.allowance = allowance


class RateLimitedError(KeyLimitError):
    code = "rate_limited"
    result = "rate_limited"
    default_message = "This API key has sent more requests than its rate allows."


class QuotaExceededError(KeyLimitError):
    code = "quota_exceeded"
    result = "quota"
    default_message = "This API key has sent more images than its quota allows."


class ModelUnavailableError(RetryLaterError):
    code = "model_unavailable"
    default_message = "No model is loaded."


class QueueUnavailableError(RetryLaterError):
    code = "queue_unavailable"
    default_message = "The task queue cannot be reached, so the task was not accepted."


class JournalUnavailableError(RetryLaterError):
    code = "journal_unavailable"
    default_message = "The prediction could not be recorded, so it is not answered."


class StorageFullError(RetryLaterError):
    code = "storage_full"
    default_message = "There is no space left to keep the upload."


class StorageUnavailableError(RetryLaterError):
    code = "storage_unavailable"
    default_message = "The place where uploads are kept cannot be written or read."


class UploadExpiredError(SightglassError):
    code = "upload_expired"
    kind = Kind.NOT_FOUND
    default_message = "The upload was removed before its task ran: it waited too long."


class HistoryUnavailableError(RetryLaterError):
    code = "history_unavailable"
    default_message = "The prediction history cannot be reached."


class AccessUnavailableError(RetryLaterError):
    code = "access_unavailable"
    default_message = "The database with API keys and the audit log cannot be reached."


class MlflowUnavailableError(RetryLaterError):
    code = "mlflow_unavailable"
    default_message = "MLflow cannot be reached."


class ShuttingDownError(RetryLaterError):
    code = "shutting_down"
    default_message = "The server is shutting down."


class DeadlineExceededError(SightglassError):
    code = "deadline_exceeded"
    kind = Kind.TIMED_OUT
    default_message = "The request did not finish before its deadline."


class WorkerLostError(SightglassError):
    code = "worker_lost"
    default_message = "The worker died on every attempt at this task."


class InferenceError(SightglassError):
    code = "inference_failed"
    default_message = "The model failed on this image."


class UnknownKeyError(SightglassError):
    code = "unknown_key"
    kind = Kind.NOT_FOUND
    default_message = "No API key has this id or name."


class KeyNameTakenError(SightglassError):
    code = "key_name_taken"
    kind = Kind.CONFLICT
    default_message = "Another API key has this name; names are not given twice."


# --- set-up ------------------------------------------------------------------------------


class SetupError(SightglassError):
    """A mistake in the installation or configuration; the message says what to do."""

    code = "setup_error"


class ModelBundleError(SetupError):
    code = "invalid_model"
    default_message = "The model cannot be used."


class HeavyRequirementsError(SetupError):
    code = "heavy_requirements_missing"
    default_message = "This needs torch and ultralytics: pip install -r requirements_heavy.txt"
