"""Which push task goes out when?"""
