"""What a route may ask for. Asynchronous on purpose: a plain function would cost a thread."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from sightglass.api.parameters import PredictionParameters, prediction_parameters
from sightglass.api.services import Services


async def get_services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(get_services)]
ParametersDep = Annotated[PredictionParameters, Depends(prediction_parameters)]
