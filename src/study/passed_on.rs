//! What errors of other rooms say of what to do, where a study passes them on. Theirs say it together with what is wrong as
//! yet, so there is nothing to add.

use std::borrow::Cow;

use crate::energy::EnergyError;
use crate::optimizer::OptimizerError;
use crate::optimizer::problem::ValueError;
use crate::optimizer::sampler::SamplerError;

macro_rules! said_with_what_is_wrong {
    ($($error:ty),+ $(,)?) => {
        $(impl $error {
            /// What to do about it; said with what is wrong.
            #[must_use]
            pub fn help(&self) -> Option<Cow<'static, str>> {
                None
            }
        })+
    };
}

said_with_what_is_wrong!(EnergyError, OptimizerError, SamplerError, ValueError);
