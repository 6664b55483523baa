"""Which push task is sent when?"""
