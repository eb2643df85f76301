from django.urls import path

from anlan.kernel.desks import case_views, chain_views, duty_views, work_views
from anlan.kernel.desks import map as map_views

app_name = "desks"
urlpatterns = [
    path("", work_views.home, name="home"),
    path("map/", map_views.map_page, name="map"),
    path("map/timeline.json", map_views.timeline, name="map_timeline"),
    path("duty/", duty_views.duty, name="duty"),
    path("duty/inbox/", duty_views.inbox_part, name="inbox"),
    path("duty/acknowledge/", duty_views.acknowledge, name="acknowledge"),
    path("duty/unacknowledge/", duty_views.unacknowledge, name="unacknowledge"),
    path("duty/open-case/", duty_views.open_case, name="open_case"),
    path("duty/close-alarm/", duty_views.close_alarm, name="close_alarm"),
    path("work/", work_views.work, name="work"),
    path("work/list/", work_views.work_part, name="work_list"),
    path("cases/<str:number>/", case_views.case, name="case"),
    path("cases/<str:number>/do/<slug:do>/", case_views.act_on, name="act"),
    path("cases/<str:number>/proof/", case_views.add_proof, name="proof"),
    path("cases/<str:number>/extend/", case_views.extend_case, name="extend"),
    path("chains/", chain_views.chains, name="chains"),
    path("chains/<str:number>/", chain_views.chain, name="chain"),
]
