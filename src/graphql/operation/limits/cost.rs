//! Cost of an operation: the sum of the fields' `complexity`, computed at validation and reported on request in `extensions.cost`.

use std::sync::{Arc, OnceLock};

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextPrepareRequest, NextRequest, NextValidation,
};
use async_graphql::{Request, Response, ServerError, ServerResult, ValidationResult, Value, async_trait, value};

use super::Limit;

/// Name of the request extension that asks for the cost, and of the response extension with it.
const COST: &str = "cost";

/// Library extension that limits the cost of operations.
pub(in crate::graphql) struct CostLimit {
    /// Maximum cost of an operation.
    pub(in crate::graphql) max: usize,
}

impl ExtensionFactory for CostLimit {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(OperationCost { max: self.max, requested: OnceLock::new(), found: OnceLock::new() })
    }
}

/// Request data that stops execution after validation.
pub(in crate::graphql) struct StopAfterValidation;

/// Cost of one operation.
struct OperationCost {
    max: usize,
    /// Set when the client asked for the cost.
    requested: OnceLock<()>,
    /// Cost and depth, after validation.
    found: OnceLock<(usize, usize)>,
}

#[async_trait::async_trait]
impl Extension for OperationCost {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let mut response = next.run(ctx).await;
        if let (Some(()), Some((found, depth))) = (self.requested.get(), self.found.get()) {
            let cost = value!({ "cost": *found, "max": self.max, "depth": *depth });
            response.extensions.insert(COST.to_owned(), cost);
        }
        response
    }

    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        if request.extensions.get(COST) == Some(&Value::Boolean(true)) {
            let _ = self.requested.set(());
        }
        next.run(ctx, request).await
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        if ctx.data_opt::<StopAfterValidation>().is_some() {
            return Response::default();
        }
        next.run(ctx, operation_name).await
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let valid = next.run(ctx).await?;
        let _ = self.found.set((valid.complexity, valid.depth));
        Limit::Cost.check(self.max, valid.complexity).map_err(|error| vec![error])?;
        Ok(valid)
    }
}
