using System;
using System.Globalization;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dhanman.Sample
{
    /// <summary>The endpoints; the same paths as the Python sample, without a database or a broker.</summary>
    public sealed class Startup
    {
        private const double LongestSeconds = 60;

        private readonly string name;
        private readonly string version;
        private readonly string environment;
        private readonly string greeting;

        public Startup(IConfiguration configuration, IWebHostEnvironment host)
        {
            name = configuration["Service:Name"];
            greeting = configuration["Service:Greeting"];
            environment = host.EnvironmentName;
            version = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "VERSION")).Trim();
        }

        public void ConfigureServices(IServiceCollection services) => services.AddRouting();

        public void Configure(IApplicationBuilder app)
        {
            app.UseRouting();
            app.UseEndpoints(Map);
        }

        private void Map(IEndpointRouteBuilder endpoints)
        {
            var identity = new { status = "Healthy", service = name, version, environment };
            endpoints.MapGet("/health", context => Json(context, identity));
            endpoints.MapGet("/health/startup", context => Json(context, identity));
            endpoints.MapGet("/health/ready", context => Json(context, identity));
            endpoints.MapGet("/", context => Json(context, new { service = name, version, environment, greeting }));
            endpoints.MapGet("/slow", Slow);
            endpoints.MapPost("/echo", Echo);
        }

        private static Task Json<T>(HttpContext context, T document)
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            // The front end lives on a domain of its own.
            context.Response.Headers["Access-Control-Allow-Origin"] = "*";
            return JsonSerializer.SerializeAsync(context.Response.Body, document);
        }

        private static async Task Slow(HttpContext context)
        {
            string text = context.Request.Query["seconds"];
            if (!double.TryParse(text ?? "1", NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
                || !(seconds >= 0 && seconds <= LongestSeconds))
            {
                context.Response.StatusCode = StatusCodes.Status400BadRequest;
                await Json(context, new { error = "seconds: must be a number from 0 to 60" });
                return;
            }

            await Task.Delay(TimeSpan.FromSeconds(seconds), context.RequestAborted);
            await Json(context, new { seconds });
        }

        private static Task Echo(HttpContext context)
        {
            context.Response.ContentType = context.Request.ContentType ?? "application/octet-stream";
            return context.Request.Body.CopyToAsync(context.Response.Body);
        }
    }
}
