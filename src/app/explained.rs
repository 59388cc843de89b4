//! What is wrong and what helps, of every error that ends what the application was asked for.

use crate::analysis::AnalysisError;
use crate::carbon::CarbonError;
use crate::data::DataError;
use crate::energy::EnergyError;
use crate::evaluation::SecretError;
use crate::guard::told::{chain, joined};
use crate::report::ReportError;
use crate::report::pdf::PdfError;
use crate::study::RequestError;
use crate::training::RecipeError;

/// What is wrong, and what to do about it.
pub(crate) trait Explained {
    /// What is wrong and what it comes from, each part once.
    fn what(&self) -> String;

    /// What to do about it, a line for each thing; `None` where that is not known.
    fn advice(&self) -> Option<String> {
        None
    }

    /// Both in one text, for where there is no room for two.
    fn in_full(&self) -> String {
        joined(self.what(), self.advice().as_deref())
    }
}

impl<T: Explained + ?Sized> Explained for &T {
    fn what(&self) -> String {
        (**self).what()
    }

    fn advice(&self) -> Option<String> {
        (**self).advice()
    }
}

/// Sentences, and errors of others.
macro_rules! without_help {
    ($($error:ty),+ $(,)?) => {
        $(impl Explained for $error {
            fn what(&self) -> String {
                self.to_string()
            }
        })+
    };
}

without_help!(str, String, std::io::Error, serde_json::Error, std::time::TryFromFloatSecsError);

/// Errors of our own rooms.
macro_rules! with_help {
    ($($error:ty),+ $(,)?) => {
        $(impl Explained for $error {
            fn what(&self) -> String {
                chain(self)
            }

            fn advice(&self) -> Option<String> {
                <$error>::help(self).map(Into::into)
            }
        })+
    };
}

with_help!(
    AnalysisError,
    CarbonError,
    DataError,
    EnergyError,
    PdfError,
    RecipeError,
    ReportError,
    RequestError,
    SecretError,
);
